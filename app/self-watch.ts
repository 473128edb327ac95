import { Gauge, type Registry } from 'prom-client';
import type { Logger } from 'pino';
import { toAppError } from '../domain/error.ts';
import type { SelfWatchState } from '../domain/self-watch.ts';
import type { CalendarWatch } from './calendar-watch.ts';
import type { CatchUp } from './catch-up.ts';
import type { ReviewWatch } from './review-watch.ts';
import type { SelfChecker } from './heartbeat.ts';
import type { Watchdogs } from './source-watchdog.ts';

/** How often the engine looks at itself. */
const ROUND_MS = 60_000;

/** The parts of the watch; what is not configured has nothing to do. */
export interface SelfWatchParts {
  readonly checker: SelfChecker | null;
  readonly watchdogs: Watchdogs;
  readonly catchUp: CatchUp;
  readonly reviews: ReviewWatch;
  readonly calendars: CalendarWatch;
  /** Takes in again what silences that are over had suppressed; answers how many alerts. */
  readonly readmit: () => Promise<number>;
  /** Settles changes of the rules that are due, follows the newest rules, and tells people. */
  readonly rules: () => Promise<void>;
  readonly metrics: Registry;
  readonly log: Logger;
}

/** What is seen before the first round, and where nothing is watched. */
export const NOTHING_WATCHED: SelfWatchState = {
  selfCheck: null,
  watchdogs: [],
  alertmanagers: [],
  overdueReviews: [],
  calendars: [],
};

/** The engine's watch over itself. */
export interface SelfWatch {
  /** One round; raises nothing: what fails is logged, told and counted. */
  round(): Promise<void>;
  state(): SelfWatchState;
  stop(): Promise<void>;
}

function measure(parts: SelfWatchParts): void {
  const { metrics, checker, watchdogs, catchUp, reviews, calendars } = parts;
  const registers = [metrics];
  new Gauge({
    name: 'firebreak_self_check_timestamp_seconds',
    help: 'When the latest check through commit, relay, worker and log that went the whole way began.',
    registers,
    collect() {
      const wholeAt = checker?.state().wholeAt ?? null;
      if (wholeAt !== null) this.set(Date.parse(wholeAt) / 1000);
    },
  });
  new Gauge({
    name: 'firebreak_watchdog_missing',
    help: '1 while a source has not said in time that it is alive.',
    labelNames: ['source'],
    registers,
    collect() {
      for (const { source, missing } of watchdogs.states()) this.set({ source }, missing ? 1 : 0);
    },
  });
  new Gauge({
    name: 'firebreak_alerts_missed',
    help: 'Alerts read from Alertmanager that no webhook had brought, since the process began.',
    labelNames: ['source'],
    registers,
    collect() {
      for (const { source, missed } of catchUp.states()) this.set({ source }, missed);
    },
  });
  new Gauge({
    name: 'firebreak_break_glass_reviews_overdue',
    help: 'Reviews of broken glass that nobody closed in time.',
    registers,
    collect() {
      this.set(reviews.overdue().length);
    },
  });
  new Gauge({
    name: 'firebreak_on_call_calendar_read_timestamp_seconds',
    help: 'When the calendar outside of a schedule was last read; 0 when it never was.',
    labelNames: ['schedule'],
    registers,
    collect() {
      this.reset();
      for (const { schedule, readAt } of calendars.states()) {
        this.set({ schedule }, readAt === null ? 0 : Date.parse(readAt) / 1000);
      }
    },
  });
}

/**
 * Starts the watch: a round at once, then one a minute. A timer in the process that takes alerts in, because only it
 * can tell whether its own door still leads anywhere; a schedule would need what is being watched.
 */
export function startSelfWatch(parts: SelfWatchParts): SelfWatch {
  const { checker, watchdogs, catchUp, reviews, calendars, log } = parts;
  measure(parts);
  const attempt = async (what: string, work: () => Promise<unknown>): Promise<void> => {
    try {
      await work();
    } catch (error) {
      const { code, message } = toAppError(error);
      log.error({ code, what }, `the watch failed: ${message}`);
    }
  };
  const look = async (): Promise<void> => {
    await attempt('catching up', () => catchUp.round());
    await attempt('readmission', parts.readmit);
    await attempt('rules', parts.rules);
    await attempt('watchdogs', () => watchdogs.round());
    await attempt('reviews', () => reviews.round());
    await attempt('calendars', () => calendars.round());
    await attempt('self-check', () => checker?.round() ?? Promise.resolve());
  };
  let stopped = false;
  let timer: NodeJS.Timeout | undefined;
  // Rounds follow each other and never overlap, however long one takes.
  let running: Promise<void> = Promise.resolve();
  const round = (): Promise<void> => {
    running = running.then(look);
    return running;
  };
  const loop = async (): Promise<void> => {
    await round();
    if (stopped) return;
    timer = setTimeout(() => void loop(), ROUND_MS);
    timer.unref();
  };
  void loop();
  return {
    round,
    state: () => ({
      selfCheck: checker?.state() ?? null,
      watchdogs: watchdogs.states(),
      alertmanagers: catchUp.states(),
      overdueReviews: reviews.overdue(),
      calendars: calendars.states(),
    }),
    stop: async () => {
      stopped = true;
      clearTimeout(timer);
      // Ends calls under way, so that the round ends as well.
      await Promise.all([checker?.close(), catchUp.close()]);
      await running;
    },
  };
}
