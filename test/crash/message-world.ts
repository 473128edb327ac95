import { setTimeout as sleep } from 'node:timers/promises';
import { startFirebreak } from '../../app/firebreak.ts';
import { cardEdit, cardPurpose, type Message, type MessageChannel } from '../../domain/message.ts';
import { createMailTwin, type MailTwin } from '../../lab/mail/twin.ts';
import { createPagerdutyTwin, type PagerdutyTwin } from '../../lab/pagerduty/twin.ts';
import { createSlackTwin, type SlackTwin } from '../../lab/slack/twin.ts';
import { createStore } from '../../store/database.ts';
import type { Store } from '../../store/tables.ts';
import { withClient } from '../../store/test-database.ts';
import { openIncident } from '../../store/test-store.ts';
import type { Closers } from '../closers.ts';
import { freshDatabase } from '../harness.ts';
import { FROM, pagePurpose, type Point, type Thread } from './message-point.ts';
import { settingsOf, type Places } from './settings.ts';
import { openSmallWorld } from './small-installation.ts';
import { createStriker, type Patience, type Striker } from './striker.ts';

/** Where incidents are told in Slack. */
export const CHANNEL = 'C0INCIDENTS';
/** Who gets every mail. */
export const PEOPLE = ['on-call@lab.test', 'sam@lab.test'];
const PAGER = 'pager';
const LOOK_MS = 100;
const WAIT_MAX_MS = 240_000;

/**
 * The next process sends at once what the dead one had taken up. A message is given up after ten seconds, in which its thread is
 * looked at as well: its call waits well below that, also on a machine that is busy.
 */
const OF_MESSAGES: Patience = { recoversMs: 0, waitMaxMs: 5_000 };

interface Twins {
  readonly slack: SlackTwin;
  readonly mail: MailTwin;
  readonly page: PagerdutyTwin;
}

/** Incidents that speak by every channel, and one worker process that sends what they say. */
export interface MessageWorld extends Twins {
  readonly store: Store;
  readonly threads: readonly Thread[];
  /** Kills the worker at the calls that are given to it. */
  readonly striker: Striker;
  /** Whenever a process was dead: how many mails were delivered by then, and how many events. */
  readonly deaths: readonly { readonly mail: number; readonly page: number }[];
}

async function openThread(stores: { readonly api: Store; readonly worker: Store }, name: string) {
  const incidentId = await openIncident(stores.api, name);
  const thread = { incidentId, approvalId: `apr_${name}` };
  await stores.worker.approvals.open({
    ...{ id: thread.approvalId, incidentId, operation: 'approve-revert', round: 1 },
    ...{ title: 'Go back', approvalClass: 'R3', plans: [], planDigest: 'a'.repeat(64) },
    quorum: { people: 2, roles: ['approver-security'] },
    requestedBy: null,
    createdAt: '2026-11-23T10:00:00.000Z',
    expiresAt: '2026-11-23T11:00:00.000Z',
  });
  return thread;
}

async function openTwins(closers: Closers): Promise<Twins> {
  const [slack, mail] = [await createSlackTwin(), await createMailTwin()];
  const page = await createPagerdutyTwin();
  for (const twin of [slack, mail, page]) closers.push(() => twin.close());
  return { slack, mail, page };
}

async function openStores(closers: Closers, databaseUrl: string) {
  const api = await createStore({ databaseUrl, role: 'api', poolSize: 2 });
  closers.push(() => api.close());
  const worker = await createStore({ databaseUrl, role: 'worker', poolSize: 4 });
  closers.push(() => worker.close());
  return { api, worker };
}

/** An installation that tells people by these twins; the ladder is empty: the rows of its rungs are written by hand. */
function toldBy(places: Places, { slack, mail, page }: Twins): Places {
  const { apiUrl, botToken } = slack;
  const { routingKey } = page;
  const pager = {
    ...{ name: PAGER, connector: 'pagerduty', holdSeconds: 0 },
    config: { eventsUrl: page.url, routingKey },
  };
  return {
    ...places,
    configuration: {
      ...places.configuration,
      instances: [...places.configuration.instances, pager],
      ...{ slackChannel: CHANNEL, mailTo: PEOPLE },
      escalation: { approvals: [], incidents: [], severities: [], pager: PAGER },
    },
    channels: {
      slack: { apiUrl, botToken, channel: CHANNEL },
      mail: { url: mail.url, from: FROM },
    },
  };
}

/** Opens so many incidents that only speak, and starts the worker that sends what they say. */
export async function openMessageWorld(closers: Closers, count: number): Promise<MessageWorld> {
  const database = await freshDatabase();
  closers.push(() => database.drop());
  const twins = await openTwins(closers);
  const stores = await openStores(closers, database.url);
  const threads: Thread[] = [];
  for (let lane = 0; lane < count; lane += 1) {
    threads.push(await openThread(stores, `messages-${lane.toString()}`));
  }
  const sql = (text: string): Promise<unknown> =>
    withClient(database.url, (client) => client.query(text));
  // None of these incidents is run.
  await sql(`delete from firebreak.outbox where kind = 'start-incident'`);
  const { places } = await openSmallWorld(closers, database.url);
  const told = toldBy(places, twins);
  // The first start makes the rules and the key that the worker reads.
  const firebreak = await startFirebreak(settingsOf(told, 'api'));
  closers.push(() => firebreak.stop());
  const deaths: { readonly mail: number; readonly page: number }[] = [];
  const afterKill = async (): Promise<void> => {
    // What the dead process had taken up is given free by time; this test does not wait for it.
    await sql('update firebreak.outbox set lease_until = now() where leased');
    await sql('update firebreak.status_card set due_at = now()');
    deaths.push({ mail: twins.mail.deliveries.length, page: twins.page.ledger.length });
  };
  const striker = await createStriker(told, closers, { afterKill, patience: OF_MESSAGES });
  return { ...twins, store: stores.worker, threads, striker, deaths };
}

/** Keeps the call of each point waiting until the worker was killed: when it arrives, and once more when it was done. */
export function disturb(
  { striker, ...twins }: Pick<MessageWorld, keyof Twins | 'striker'>,
  points: readonly Point[],
): void {
  striker.setLanes(points.length);
  for (const point of points) {
    const held = async (): Promise<void> => {
      point.waits = true;
      await striker.hold(point);
      point.struck += 1;
    };
    const { matches } = point;
    twins[point.channel].faults.add({ kind: 'cut-before', until: held }, { matches });
    twins[point.channel].faults.add({ kind: 'cut-after', until: held }, { matches });
  }
}

/** Waits until something holds. */
export async function until(holds: () => boolean): Promise<void> {
  const deadline = Date.now() + WAIT_MAX_MS;
  while (!holds()) {
    if (Date.now() > deadline) throw new Error(`waited in vain until ${holds.toString()}`);
    await sleep(LOOK_MS);
  }
}

async function waitFor(
  store: Store,
  { incidentId }: Thread,
  holds: (messages: readonly Message[]) => boolean,
): Promise<readonly Message[]> {
  const deadline = Date.now() + WAIT_MAX_MS;
  for (;;) {
    const messages = await store.messages.ofIncident(incidentId);
    if (holds(messages)) return messages;
    if (Date.now() > deadline) throw new Error(`waited in vain: ${JSON.stringify(messages)}`);
    await sleep(LOOK_MS);
  }
}

async function put(
  store: Store,
  { incidentId }: Thread,
  rows: readonly { readonly purpose: string; readonly by: readonly MessageChannel[] }[],
): Promise<void> {
  await store.messages.put(
    rows.flatMap(({ purpose, by }) =>
      by.map((channel) => ({
        ...{ incidentId, purpose, channel },
        subject: `About ${purpose}`,
        text: `Text of ${purpose}.`,
      })),
    ),
  );
}

/** Writes what happens in one incident, what comes after the card once that stands; resolves when all of it is sent. */
export async function tell(store: Store, thread: Thread): Promise<readonly Message[]> {
  const card = cardPurpose(thread.approvalId);
  await put(store, thread, [
    { purpose: 'opened', by: ['slack', 'mail'] },
    { purpose: 'step/isolate', by: ['slack'] },
    { purpose: card, by: ['slack', 'mail'] },
    { purpose: pagePurpose(thread), by: ['page'] },
  ]);
  await waitFor(store, thread, (messages) =>
    messages.some((one) => one.channel === 'slack' && one.purpose === card && one.state === 'sent'),
  );
  await store.approvals.settle(thread.approvalId, 'expired', 'Nobody answered.');
  await put(store, thread, [
    { purpose: cardEdit(thread.approvalId, 'expired').purpose, by: ['slack'] },
    { purpose: 'closed', by: ['slack', 'mail'] },
  ]);
  return waitFor(store, thread, (messages) => messages.every(({ state }) => state === 'sent'));
}
