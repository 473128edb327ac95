/** What Slack counts apart of what we write there: messages, edits of them, and what is done with channels. */
export type SlackVerb = 'post' | 'update' | 'channel';

/** Calls in a row that are taken once the pace counts. */
const CALLS_MAX = 5;
/** Of those, what only tells of progress leaves so many to what people wait for. */
const RESERVED = 3;
/** A little less than the fifty a minute that Slack takes of edits, and of the reads before messages. */
const CALLS_PER_SECOND = 0.8;
/** So long after Slack last asked to wait the pace counts. */
const CAREFUL_MS = 300_000;
const REST_MS = 1_000;
const MS_PER_SECOND = 1_000;

interface Pace {
  /** Nothing goes before. */
  readonly restUntilMs: number;
  /** Afterwards everything goes again without counting. */
  readonly carefulUntilMs: number;
  readonly calls: number;
  readonly countedAtMs: number;
}

/**
 * How fast we write to Slack. Everything goes at once until Slack asks to wait; then that verb rests alone, and afterwards goes at a pace
 * at which what people wait for (an approval's card, its edits) is always ahead of what only tells of progress.
 */
export class SlackPace {
  private readonly now: () => Date;
  private readonly paces = new Map<SlackVerb, Pace>();

  constructor(now: () => Date) {
    this.now = now;
  }

  /** True while nothing of a verb goes, however urgent. */
  rests(verb: SlackVerb): boolean {
    return (this.paces.get(verb)?.restUntilMs ?? 0) > this.now().getTime();
  }

  /** True when a call may go now; it is counted. */
  take(verb: SlackVerb, isUrgent: boolean): boolean {
    const pace = this.paces.get(verb);
    const nowMs = this.now().getTime();
    if (pace === undefined || nowMs >= pace.carefulUntilMs) return true;
    if (nowMs < pace.restUntilMs) return false;
    const grown = ((nowMs - pace.countedAtMs) / MS_PER_SECOND) * CALLS_PER_SECOND;
    const calls = Math.min(CALLS_MAX, pace.calls + grown);
    const isTaken = calls >= (isUrgent ? 1 : RESERVED + 1);
    const left = isTaken ? calls - 1 : calls;
    this.paces.set(verb, { ...pace, calls: left, countedAtMs: nowMs });
    return isTaken;
  }

  /** Slack asked to wait with a verb: it rests, the other one does not. */
  limited(verb: SlackVerb, retryAfterMs = REST_MS): void {
    const nowMs = this.now().getTime();
    const restUntilMs = nowMs + retryAfterMs;
    this.paces.set(verb, {
      restUntilMs,
      carefulUntilMs: restUntilMs + CAREFUL_MS,
      calls: 0,
      countedAtMs: restUntilMs,
    });
  }
}
