import { setTimeout as sleep } from 'node:timers/promises';
import type { Logger } from 'pino';
import { z } from 'zod';
import type { AnyAction, Connector } from '../connectors/connector.ts';
import { invariant, toAppError, type AppError, type ErrorCode } from '../domain/error.ts';
import type { Fact } from '../domain/fact.ts';
import type { IncidentClocks } from '../domain/incident-clocks.ts';
import type { Incident } from '../domain/incident.ts';
import { digestOf } from '../evidence/digest.ts';
import { statusCard } from '../render/slack-status.ts';
import type { DueCard } from '../store/status-card-table.ts';
import { OPENED } from '../domain/message.ts';
import type { Store } from '../store/tables.ts';
import { factsOf } from './incident-facts.ts';
import { statusOf, type ClocksOf } from './status-view.ts';
import { slackKeyOf } from './message-lanes.ts';
import type { SlackPace } from './slack-pace.ts';
import { tell } from './tell.ts';
import { unreachedRow } from './unreached.ts';

/** Keeps the live cards of incidents in Slack as the incidents stand. */
export interface StatusCards {
  /** Finishes the edit that is under way, then stops. */
  stop(): Promise<void>;
}

/** What cards are kept with. */
export interface StatusCardsOptions {
  readonly store: Store;
  readonly slack: Connector;
  readonly channel: string;
  /** Shared with what sends messages: those that people wait for go first. */
  readonly pace: SlackPace;
  readonly channels: { readonly mail: boolean };
  readonly clocksOf: ClocksOf | null;
  readonly log: Pick<Logger, 'warn'>;
  readonly now?: () => Date;
}

/** One card is edited at most so often: what happens meanwhile is in the next edit. */
export const EDIT_EVERY_MS = 3_000;
/** All cards together: Slack takes some fifty edits a minute of an app. */
const GAP_MS = 1_200;
const POLL_MS = 1_000;
const LEASE_MS = 30_000;
const RETRY_FIRST_MS = 5_000;
const RETRY_MAX_MS = 60_000;
/** Failures in a row after which people are told by mail. */
const FAILURES_TOLD = 6;
/** Nothing gets better by itself: people are told at once. */
const FOR_PEOPLE: ReadonlySet<ErrorCode> = new Set([
  'unauthorized',
  'not_found',
  'conflict',
  'invalid',
  'too_large',
]);

/** Trouble of Slack as a whole: the other cards wait as well. */
const OF_SLACK: ReadonlySet<ErrorCode> = new Set([
  'unavailable',
  'outcome_unknown',
  'unauthorized',
]);

/** The outcome of one look. */
export type CardOutcome = 'none' | 'edited' | 'posted' | 'unchanged' | 'failed';

const sendable = z.object({ text: z.string(), blocks: z.array(z.json()) });

/** Edits cards in place, one after the other. */
export class CardEditor {
  private readonly options: StatusCardsOptions;
  private readonly now: () => Date;
  private restUntilMs = 0;

  constructor(options: StatusCardsOptions) {
    this.options = options;
    this.now = options.now ?? ((): Date => new Date());
  }

  /** Brings the card that waits the longest up to date. Raises what the store raises. */
  async next(): Promise<CardOutcome> {
    const { store, clocksOf, pace } = this.options;
    if (this.restUntilMs > this.now().getTime()) return 'none';
    if (!pace.take('update', false)) return 'none';
    const card = await store.statusCards.take(LEASE_MS);
    if (card === null) return 'none';
    const status = await statusOf(store, card.incidentId, clocksOf);
    if (status === null) return 'none';
    const { text, blocks } = sendable.parse(JSON.parse(JSON.stringify(statusCard(status))));
    const content = digestOf({ text, blocks });
    const settled = status.incident.state === 'closed';
    const shown = { sequence: card.sequence, content, settled, restMs: EDIT_EVERY_MS };
    if (content === card.content) {
      await store.statusCards.shown(card.incidentId, shown);
      return 'unchanged';
    }
    try {
      const ts = await this.show(card, { text, blocks });
      await store.transaction(async (tables) => {
        if (ts !== card.ts) await tables.messages.moved(card.messageId, ts);
        await tables.statusCards.shown(card.incidentId, shown);
      });
      return ts === card.ts ? 'edited' : 'posted';
    } catch (error) {
      await this.fail(card, toAppError(error));
      return 'failed';
    }
  }

  /** Edits the card; one that somebody deleted is posted anew, once for what was deleted. Answers where it stands. */
  private async show(
    { incidentId, ts, channelId }: DueCard,
    shown: z.infer<typeof sendable>,
  ): Promise<string> {
    const channel = channelId ?? this.options.channel;
    const key = `${incidentId}/slack/status`;
    const postedAs = slackKeyOf({ incidentId, purpose: OPENED });
    const about = { incidentId, key, now: this.now };
    try {
      return await tell(this.actionOf('update'), { ...shown, channel, ts, postedAs }, about);
    } catch (error) {
      if (toAppError(error).code !== 'not_found') throw error;
      const anew = { ...about, key: `${key}/after/${ts}` };
      return tell(this.actionOf('post'), { ...shown, channel }, anew);
    }
  }

  private actionOf(name: 'update' | 'post'): AnyAction {
    const action = this.options.slack.actions[name];
    invariant(action !== undefined, `Slack has the action ${name}`);
    return action;
  }

  private async fail(card: DueCard, error: AppError): Promise<void> {
    const { store, channels, pace, log } = this.options;
    const { incidentId, failures } = card;
    log.warn({ code: error.code, incident: incidentId }, `a card is not current: ${error.message}`);
    if (error.code === 'rate_limited') {
      // No failure: the lease ends, and it is edited when Slack says so.
      pace.limited('update', error.retryAfterMs);
      return;
    }
    const backOffMs = RETRY_FIRST_MS * 2 ** Math.min(failures, 10);
    const restMs = Math.min(error.retryAfterMs ?? backOffMs, RETRY_MAX_MS);
    if (OF_SLACK.has(error.code)) this.restUntilMs = this.now().getTime() + restMs;
    const isForPeople = FOR_PEOPLE.has(error.code) || failures + 1 >= FAILURES_TOLD;
    await store.transaction(async (tables) => {
      await tables.statusCards.failed(incidentId, restMs);
      if (!isForPeople || !channels.mail) return;
      await tables.messages.put([
        unreachedRow(incidentId, { about: `card/${card.ts}`, subject: 'the live card', error }),
      ]);
    });
  }
}

/** Keeps cards current, beside the relay. A card is looked at when the log of its incident went on. */
function startStatusCards(options: StatusCardsOptions): StatusCards {
  const editor = new CardEditor(options);
  const stopping = new AbortController();
  const rest = (ms: number): Promise<unknown> =>
    sleep(ms, null, { signal: stopping.signal }).catch(() => null);
  const loop = async (): Promise<void> => {
    while (!stopping.signal.aborted) {
      const outcome = await editor.next().catch((error: unknown) => {
        options.log.warn({ code: toAppError(error).code }, 'cards cannot be looked at');
        return 'none' as const;
      });
      await rest(outcome === 'none' ? POLL_MS : outcome === 'unchanged' ? 0 : GAP_MS);
    }
  };
  const running = loop();
  return {
    stop: async () => {
      stopping.abort();
      await running;
    },
  };
}

/** Starts to keep the live cards in Slack current, by what sends the messages there; does nothing where none go there. */
export function keepStatusCards(
  messenger: { readonly slack: Connector | null; readonly pace: SlackPace } | null,
  given: Omit<StatusCardsOptions, 'slack' | 'pace' | 'channel' | 'clocksOf'> & {
    readonly channel: string | null;
    readonly clocksOf: (incident: Incident, facts: readonly Fact[]) => IncidentClocks;
  },
): StatusCards {
  const { channel, clocksOf, ...rest } = given;
  if (messenger === null || messenger.slack === null || channel === null) {
    return { stop: () => Promise.resolve() };
  }
  const { slack, pace } = messenger;
  return startStatusCards({
    ...{ ...rest, slack, pace, channel },
    clocksOf: async (incident) => clocksOf(incident, await factsOf(rest.store, incident.id)),
  });
}
