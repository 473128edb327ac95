import { setTimeout as sleep } from 'node:timers/promises';
import type { Connector } from '../connectors/connector.ts';
import { toAppError, type AppError } from '../domain/error.ts';
import {
  cardOf,
  firstUpdateOf,
  isHeldBack,
  type Message,
  type MessageChannel,
  type NewMessage,
} from '../domain/message.ts';
import type { Store } from '../store/tables.ts';
import { endsMessage, isForPeople } from './final-failure.ts';
import { mailOutcome, type MailTry } from './mail-outcome.ts';
import { mailLane, type MailLaneOptions } from './mail-lane.ts';
import { ChannelRest } from './channel-rest.ts';
import { ABOUT_CHANNELS, type IncidentChannels } from './incident-channels.ts';
import { MessageRecords } from './message-records.ts';
import { ENGINE, slackLane, type Lane, type LaneStore } from './message-lanes.ts';
import { afterPage } from './next-channel.ts';
import { pageLane, stillWaits } from './page-lane.ts';
import type { Pager } from './pager.ts';
import { SlackPace, type SlackVerb } from './slack-pace.ts';
import { tell } from './tell.ts';
import { unreachedRow } from './unreached.ts';

/** Sends messages to people; the row is durable before, the message is second. */
export interface Messenger {
  /**
   * Sends the message of a row: `sent`, `later` (try again), `waiting` (a mail that some are refused for now), `snoozed` (its incident is
   * quiet), or `failed` for good. Facts (`message.sent`, `.failed`, `.refused`, `.unknown`) are written with the row. Raises only what
   * the store raises.
   */
  send(messageId: string): Promise<'sent' | 'later' | 'waiting' | 'snoozed' | 'failed'>;
}

/** What a messenger needs; a channel that is null is not configured. */
export interface MessengerOptions {
  readonly store: Pick<Store, 'silences' | 'transaction'> & LaneStore;
  readonly slack: Connector | null;
  readonly mail: Connector | null;
  /** What pages; by default nothing does. */
  readonly pager?: Pager;
  /** Channel id; null uses the connector's own. */
  readonly slackChannel: string | null;
  /** Where each incident is told in Slack; by default all in the one channel. */
  readonly channels?: IncidentChannels;
  /** Who gets mail, its sender and our public address. */
  readonly mailing: Omit<MailLaneOptions, 'store'>;
  /** Whether clicks in Slack come back to us: only then a card has buttons. */
  readonly decide?: boolean;
  /** Shared with whoever else writes to Slack; one of its own by default. */
  readonly pace?: SlackPace;
  readonly now?: () => Date;
  /** How long a caller waits for one message, in milliseconds: the relay has other work. */
  readonly patienceMs?: number;
}

const PATIENCE_MS = 1_000;
/** With a minute between them at the end, a week. */
const ATTEMPTS_MAX: Readonly<Record<MessageChannel, number>> = {
  slack: 10_000,
  mail: 10_000,
  // Who is to be woken does not wait: after about a minute the next channel takes the place of the page.
  page: 4,
};
/** Failures of one message of Slack after which people are told by mail. */
const FAILURES_TOLD = 6;
/** Slack that asks to wait is in no trouble; when it did so often people are told all the same. */
const WAITS_TOLD = 60;

type Outcome = Awaited<ReturnType<Messenger['send']>>;

/** What one try came to: an identifier of the far side, or what was raised. */
interface Attempt {
  readonly mailTry: MailTry | null;
  readonly externalId: string;
  readonly error: AppError | null;
}

/** True while nobody has a message. A mail that some have does not hold the next one back because of the others. */
function isUntold({ state, recipients }: Message): boolean {
  return state === 'pending' && recipients?.some((one) => one.state === 'accepted') !== true;
}

/** What Slack counts a message as; null for other channels. */
function verbOf(message: Message): SlackVerb | null {
  if (message.channel !== 'slack') return null;
  return cardOf(message)?.isEdit === true ? 'update' : 'post';
}

/** The messenger, with what it remembers between messages. */
class ChannelMessenger implements Messenger {
  private readonly store: MessengerOptions['store'];
  private readonly records: MessageRecords;
  private readonly now: () => Date;
  private readonly patienceMs: number;
  private readonly pace: SlackPace;
  private readonly lanes: Readonly<Record<MessageChannel, Lane | null>>;
  private readonly resting: ChannelRest;
  /** The last send under way of each thread: messages of a thread go one after the other. */
  private readonly threads = new Map<string, Promise<unknown>>();
  private readonly underWay = new Map<string, Promise<Outcome>>();
  /** Rows are looked up one after the other, so that they join their thread in the order of the calls. */
  private lookups: Promise<unknown> = Promise.resolve();

  constructor(options: MessengerOptions) {
    this.store = options.store;
    this.records = new MessageRecords(options.store);
    this.now = options.now ?? ((): Date => new Date());
    this.resting = new ChannelRest(this.now);
    this.patienceMs = options.patienceMs ?? PATIENCE_MS;
    this.pace = options.pace ?? new SlackPace(this.now);
    this.lanes = {
      slack: slackLane(options.slack, {
        store: options.store,
        channel: options.slackChannel,
        decide: options.decide ?? false,
        channels: options.channels ?? null,
      }),
      mail: mailLane(options.mail, { ...options.mailing, store: options.store }),
      page: pageLane(options.pager ?? (() => null), { ...options.mailing, store: options.store }),
    };
  }

  /** Waits a moment only: what takes longer goes on by itself and is found by the next try. */
  async send(messageId: string): Promise<Outcome> {
    const sending = this.underWay.get(messageId) ?? this.begin(messageId);
    const settled = new AbortController();
    const late = sleep(this.patienceMs, 'later' as const, { signal: settled.signal }).catch(
      () => 'later' as const,
    );
    try {
      return await Promise.race([sending, late]);
    } finally {
      settled.abort();
    }
  }

  private begin(messageId: string): Promise<Outcome> {
    const sending = this.sendInThread(messageId);
    this.underWay.set(messageId, sending);
    const end = (outcome: Outcome): void => {
      this.underWay.delete(messageId);
      if (outcome !== 'later') this.resting.forget(messageId);
    };
    // A failure after the wait was given up stays in the row: pending, and tried again.
    sending.then(end, () => {
      end('later');
    });
    return sending;
  }

  private async sendInThread(messageId: string): Promise<Outcome> {
    const looking = this.lookups.then(() => this.store.messages.get(messageId));
    this.lookups = looking.catch(() => undefined);
    const found = await looking;
    if (!found) return 'failed';
    // What is told about the engine is no thread: each message stands alone.
    const thread = `${found.channel}/${found.incidentId ?? found.id}/${firstUpdateOf(found) ?? ''}`;
    const before = this.threads.get(thread) ?? Promise.resolve();
    const sending = before.then(() => this.sendRow(messageId));
    const settled = sending.catch(() => undefined);
    this.threads.set(thread, settled);
    try {
      return await sending;
    } finally {
      if (this.threads.get(thread) === settled) this.threads.delete(thread);
    }
  }

  private async sendRow(messageId: string): Promise<Outcome> {
    const message = await this.store.messages.get(messageId);
    if (!message) return 'failed';
    if (message.state !== 'pending') return message.state;
    const lane = this.lanes[message.channel];
    if (!lane) return this.records.failed(message, 'not configured');
    const verb = verbOf(message);
    if (this.rests(message, verb)) return 'later';
    const snoozed = await this.isSnoozed(message);
    if (snoozed && isHeldBack(message)) return 'snoozed';
    const [before, after] = await this.aroundOf(message);
    if (before.some((one) => isUntold(one) && !(snoozed && isHeldBack(one)))) return 'later';
    // What only tells of progress is urgent when something urgent waits behind it in its thread.
    const isUrgent = [message, ...after].some((one) => isUntold(one) && !isHeldBack(one));
    if (verb !== null && !this.pace.take(verb, isUrgent)) return 'later';
    return this.deliver(lane, message, await this.parentOf(message));
  }

  private rests(message: Message, verb: SlackVerb | null): boolean {
    return this.resting.covers(message) || (verb !== null && this.pace.rests(verb));
  }

  private async isSnoozed({ incidentId }: Message): Promise<boolean> {
    if (incidentId === null) return false;
    const until = await this.store.silences.snoozedUntil(incidentId);
    return until !== null && Date.parse(until) > this.now().getTime();
  }

  /** Updates for stakeholders stand in places of their own, and so do pages and what names a channel. */
  private async parentOf(message: Message): Promise<Message | null> {
    const { incidentId, channel, slackChannel = null } = message;
    return incidentId === null ||
      channel === 'page' ||
      slackChannel !== null ||
      firstUpdateOf(message) !== null
      ? null
      : this.store.messages.threadParent(incidentId, channel);
  }

  /** The messages of the thread before one and after it: people read a thread in order. */
  private async aroundOf(
    message: Message,
  ): Promise<readonly [before: readonly Message[], after: readonly Message[]]> {
    // No page waits for another one.
    if (message.incidentId === null || message.channel === 'page') return [[], []];
    const all = await this.store.messages.ofIncident(message.incidentId);
    const lane = all.filter(
      (one) => one.channel === message.channel && firstUpdateOf(one) === firstUpdateOf(message),
    );
    const at = lane.findIndex(({ id }) => id === message.id);
    return [lane.slice(0, Math.max(at, 0)), lane.slice(at + 1)];
  }

  /** Sends into the thread, or edits what stands there; when that is gone, beside it. */
  private async deliver(lane: Lane, message: Message, under: Message | null): Promise<Outcome> {
    const isPage = message.channel === 'page';
    if (isPage && !(await stillWaits(this.store, message, this.now()))) {
      return this.unpaged(message, null);
    }
    const first = await this.attempt(lane, message, { under, isAnew: false });
    if (under === null || first.error?.code !== 'not_found') return this.record(message, first);
    return this.record(message, await this.attempt(lane, message, { under: null, isAnew: true }));
  }

  private async attempt(
    lane: Lane,
    message: Message,
    place: Parameters<Lane['prepare']>[1],
  ): Promise<Attempt> {
    let mailTry: MailTry | null = null;
    try {
      const prepared = await lane.prepare(message, place);
      ({ mailTry } = prepared);
      const { action, input } = prepared;
      const incidentId = message.incidentId ?? ENGINE;
      const key = `${incidentId}/${message.channel}/${message.purpose}`;
      const about = { incidentId, key, now: this.now };
      return { mailTry, externalId: await tell(action, input, about), error: null };
    } catch (error) {
      return { mailTry, externalId: '', error: toAppError(error) };
    }
  }

  private async record(
    message: Message,
    { mailTry, externalId, error }: Attempt,
  ): Promise<Outcome> {
    const mailed = mailTry === null ? null : mailOutcome(message, mailTry, error);
    if (mailTry !== null && mailed !== null) {
      if (mailed.outcome === 'later') this.resting.after(message, null);
      return this.records.mailed(message, mailTry, mailed);
    }
    return error === null
      ? this.records.sent(message, externalId)
      : this.recordFailure(message, error);
  }

  private async recordFailure(message: Message, error: AppError): Promise<Outcome> {
    const { channel, attempts } = message;
    const isFinal = endsMessage(channel, error.code) || attempts + 1 >= ATTEMPTS_MAX[channel];
    if (isFinal && channel === 'page') return this.unpaged(message, error.code);
    const unreached = this.unreached(message, error, isFinal);
    if (isFinal) return this.records.failed(message, error.code, unreached);
    this.restAfter(message, error);
    return this.records.again(message, unreached);
  }

  private restAfter(message: Message, error: AppError): void {
    const verb = verbOf(message);
    if (verb === null || error.code !== 'rate_limited') {
      this.resting.after(message, error);
      return;
    }
    // It goes when Slack says so, and what is of another verb goes now.
    const isOfChannels = error.details?.['slackVerb'] === ABOUT_CHANNELS.slackVerb;
    if (!isOfChannels) this.pace.limited(verb, error.retryAfterMs);
  }

  /** Nobody was woken: the next channel takes the place of the page, or the next rung is due; or nothing waits any more (null). */
  private async unpaged(message: Message, reason: string | null): Promise<'failed'> {
    const open = { slack: this.lanes.slack !== null, mail: this.lanes.mail !== null, page: false };
    return this.records.unpaged(message, await afterPage(this.store, message, { reason, open }));
  }

  /** The mail in place of a message that Slack does not take, once: those behind it wait and are not tried. */
  private unreached(message: Message, error: AppError, isFinal: boolean): readonly NewMessage[] {
    const { incidentId, channel, purpose, subject, text, attempts } = message;
    if (channel !== 'slack' || this.lanes.mail === null) return [];
    const triesTold = error.code === 'rate_limited' ? WAITS_TOLD : FAILURES_TOLD;
    const isDue = isFinal || isForPeople(error.code) || attempts + 1 >= triesTold;
    return isDue ? [unreachedRow(incidentId, { about: purpose, subject, text, error })] : [];
  }
}

/** A messenger over the configured channels. */
export function createMessenger(options: MessengerOptions): Messenger {
  const messenger = new ChannelMessenger(options);
  return { send: (messageId) => messenger.send(messageId) };
}
