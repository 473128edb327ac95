import type { Logger } from 'pino';
import { AppError, toAppError } from '../domain/error.ts';
import type { InventoryEntry } from '../domain/inventory.ts';
import { refusedAnswerFact } from '../domain/refused-answer.ts';
import type { OutboxRow, OutboxWork } from '../store/outbox-table.ts';
import type { Store } from '../store/tables.ts';
import { tellBreakGlass } from './break-glass-telling.ts';
import { deliverDecision } from './decision-delivery.ts';
import type { EngineClient } from './engine-client.ts';
import { recordLegalHold } from './legal-hold-facts.ts';
import type { Messenger } from './messenger.ts';
import type { OurNamespace } from './namespace.ts';
import type { Redirections } from './redirect.ts';
import { tellUpdate } from './update-telling.ts';

/** Rows taken at once, and worked on side by side. */
const LEASE_ROWS = 32;
const LEASE_MS = 30_000;
/** How often the outbox is read when nobody notifies. */
const POLL_MS = 1_000;
const RETRY_FIRST_MS = 250;
const RETRY_MAX_MS = 30_000;
/** How long work waits that only another Temporal can do. */
const FOREIGN_MS = 5_000;
/** How soon it is looked again whether an incident may be spoken of again. */
const SNOOZED_MS = 60_000;
/** How soon a message is tried again while its channel is in trouble. */
const SEND_AGAIN_MS = 2_000;
/** What waits for long is looked at less often, so that a long outage costs little. */
const SEND_AGAIN_MAX_MS = 15_000;
/** At most so long rests a mail whose recipients are refused for now: a relay that greylists wants minutes. */
const REFUSED_MAX_MS = 60_000;
/** An incident is woken at most so often. */
const WAKE_EVERY_MS = 1_000;

/** Delivers what transactions left in the outbox, each row until it is done. */
export interface Relay {
  /** Finishes what is under way, then stops. */
  stop(): Promise<void>;
}

/** What the relay works on. */
export interface RelayDependencies {
  readonly store: Store;
  readonly engine: Pick<EngineClient, 'start' | 'wake' | 'decide' | 'terminate'>;
  readonly messenger: Messenger;
  /** Which channels are configured: a card is edited only where there is one. */
  readonly channels: { readonly slack: boolean; readonly mail: boolean };
  /** The inventory of the rules, by which roles on one model, namespace or team go. */
  readonly written: () => readonly InventoryEntry[];
  /** Who gets every mail. */
  readonly mailTo: readonly string[];
  readonly namespace: OurNamespace;
  /** What people may redirect an incident to. */
  readonly redirections: Redirections;
  readonly log: Logger;
}

/** Work that goes on whatever Temporal says: people are told. */
const APART: ReadonlySet<OutboxWork['kind']> = new Set(['send-message', 'tell-break-glass']);

type Delivery = 'done' | { readonly laterMs: number };

/** Starts the relay: woken by the outbox channel, and by a timer in case a notification was lost. */
export async function startRelay(deps: RelayDependencies): Promise<Relay> {
  let stopped = false;
  const isStopped = (): boolean => stopped;
  let wakeUp: () => void = () => undefined;
  const notified = (): void => {
    wakeUp();
  };
  const unlisten = await deps.store.listen('outbox', notified);
  const rest = (): Promise<void> =>
    new Promise((resolve) => {
      const timer = setTimeout(resolve, POLL_MS);
      wakeUp = (): void => {
        clearTimeout(timer);
        resolve();
      };
    });
  const woken = new Map<string, number>();
  const loop = async (): Promise<void> => {
    while (!isStopped()) {
      // The next rest begins before the look, so that a notification in between is not lost.
      const resting = rest();
      const worked = await deliverDue(deps, woken);
      if (worked === 0 && !isStopped()) await resting;
      else wakeUp();
    }
  };
  const running = loop();
  return {
    stop: async () => {
      stopped = true;
      wakeUp();
      await running;
      await unlisten();
    },
  };
}

async function deliverDue(deps: RelayDependencies, woken: Map<string, number>): Promise<number> {
  try {
    const rows = await deps.store.outbox.lease(LEASE_ROWS, LEASE_MS);
    await Promise.all(rows.map((row) => deliver(deps, row, woken)));
    return rows.length;
  } catch (error) {
    deps.log.warn({ code: toAppError(error).code }, 'outbox not readable');
    return 0;
  }
}

async function deliver(
  deps: RelayDependencies,
  row: OutboxRow,
  woken: Map<string, number>,
): Promise<void> {
  const { outbox } = deps.store;
  try {
    const possible = APART.has(row.work.kind) || (await deps.namespace.isOurs());
    const delivery = possible ? await carryOut(deps, row, woken) : { laterMs: FOREIGN_MS };
    if (delivery === 'done') await outbox.done(row.id);
    else await outbox.later(row.id, delivery.laterMs, 'later');
  } catch (error) {
    const { code, message } = toAppError(error);
    deps.log.warn({ code, work: row.work.kind }, `not delivered yet: ${message}`);
    const delay = Math.min(RETRY_FIRST_MS * 2 ** Math.min(row.attempts, 10), RETRY_MAX_MS);
    await outbox.later(row.id, delay, message).catch(() => undefined);
  }
}

async function carryOut(
  deps: RelayDependencies,
  { work, attempts }: OutboxRow,
  woken: Map<string, number>,
): Promise<Delivery> {
  const { store } = deps;
  switch (work.kind) {
    case 'start-incident':
      await start(deps, work);
      return 'done';
    case 'wake-incident':
      return wake(deps, work.incidentId, woken);
    case 'deliver-decision': {
      const outcome = await deliverDecision(deps, work.decisionId);
      return outcome === 'later' ? { laterMs: RETRY_FIRST_MS * 2 } : 'done';
    }
    case 'self-check':
      await store.selfWatch.relayed(work.checkId, new Date().toISOString());
      return 'done';
    case 'send-message':
      return afterSending(await deps.messenger.send(work.messageId), attempts);
    default:
      await record(deps, work);
      return 'done';
  }
}

type Recorded = Extract<
  OutboxWork,
  {
    readonly kind:
      'record-legal-hold' | 'record-refused-answer' | 'tell-break-glass' | 'tell-update';
  }
>;

/** Puts on timelines what people did through the API, and tells of it; again adds nothing. */
async function record(deps: RelayDependencies, work: Recorded): Promise<void> {
  const { store, redirections } = deps;
  switch (work.kind) {
    case 'record-legal-hold':
      return recordLegalHold({ store, inventory: redirections.inventory }, work.holdId);
    case 'record-refused-answer':
      return recordRefusedAnswer(store, work.refusedAnswerId);
    case 'tell-break-glass':
      return tellBreakGlass(deps, work.breakId);
    case 'tell-update':
      return tellUpdate(store, work.updateId);
    default:
      throw new AppError('unsupported', 'This version knows no such work.');
  }
}

/** Puts a refused answer on the timeline; again adds nothing. */
export async function recordRefusedAnswer(
  { refusedAnswers, facts }: Pick<Store, 'refusedAnswers' | 'facts'>,
  id: string,
): Promise<void> {
  const refused = await refusedAnswers.get(id);
  if (refused !== null) await facts.append(refused.incidentId, [refusedAnswerFact(refused)]);
}

/** Starts a run, unless another one took over or the incident is closed. */
async function start(
  { store, engine }: RelayDependencies,
  { incidentId, generation }: Extract<OutboxWork, { readonly kind: 'start-incident' }>,
): Promise<void> {
  const incident = await store.incidents.get(incidentId);
  if (incident?.generation !== generation || incident.state === 'closed') return;
  await engine.start(incident);
  await store.settings.putIfAbsent(startedKey(incident.id, generation), true);
}

function afterSending(outcome: Awaited<ReturnType<Messenger['send']>>, attempts: number): Delivery {
  switch (outcome) {
    case 'snoozed':
      return { laterMs: SNOOZED_MS };
    case 'later':
      return { laterMs: Math.min(SEND_AGAIN_MS * Math.max(1, attempts / 10), SEND_AGAIN_MAX_MS) };
    case 'waiting':
      return { laterMs: Math.min(SEND_AGAIN_MS * 2 ** Math.min(attempts, 10), REFUSED_MAX_MS) };
    case 'sent':
    case 'failed':
      return 'done';
  }
}

/** Setting under which it stands that a generation's start was delivered: only then does NotFound count. */
export function startedKey(incidentId: string, generation: number): string {
  return `started/${incidentId}/${generation.toString()}`;
}

async function wake(
  deps: RelayDependencies,
  incidentId: string,
  woken: Map<string, number>,
): Promise<Delivery> {
  const last = woken.get(incidentId) ?? 0;
  const waitMs = last + WAKE_EVERY_MS - Date.now();
  if (waitMs > 0) return { laterMs: waitMs };
  const incident = await deps.store.incidents.get(incidentId);
  if (!incident || incident.state === 'closed') return 'done';
  woken.set(incidentId, Date.now());
  if (woken.size > 10_000) woken.clear();
  await deps.engine.wake(incident);
  return 'done';
}
