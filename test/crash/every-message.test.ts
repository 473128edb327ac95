import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeAll, expect, test } from '@jest/globals';
import { startFirebreak } from '../../app/firebreak.ts';
import { mailIdOf } from '../../app/mail-lane.ts';
import { cardEdit, cardPurpose, type Message, type MessageChannel } from '../../domain/message.ts';
import type { Fact } from '../../domain/fact.ts';
import { sha256Hex } from '../../evidence/digest.ts';
import type { FaultSubject } from '../../lab/fault.ts';
import { createMailTwin, type MailTwin } from '../../lab/mail/twin.ts';
import { createSlackTwin, type SlackTwin } from '../../lab/slack/twin.ts';
import { createStore } from '../../store/database.ts';
import type { Store } from '../../store/tables.ts';
import { withClient } from '../../store/test-database.ts';
import { openIncident } from '../../store/test-store.ts';
import { freshDatabase, quietTemporalRuntime } from '../harness.ts';
import type { Closers } from '../lane/lane.ts';
import { settingsOf } from './settings.ts';
import { openSmallWorld } from './small-installation.ts';
import { createStriker, type Striker } from './striker.ts';
import { expectWholeLog } from './whole.ts';

// Goal: at whichever call to Slack or the mail relay the process is killed with -9, before it had an effect and after it, each message
// stands once, is told of once, and the log has no gap. Method: messages come from rows, whatever wrote them; so this test writes the rows
// of several incidents, each with a live card and its thread, an approval's card, its edit and their mails, and one worker process sends
// them. Each point is a call of one incident; it is kept waiting, and when all wait, the worker is killed, and the next one goes on. A
// call is known by the mark of its message. One more incident, which nobody disturbs, shows that no call is left out.
const CHANNEL = 'C0INCIDENTS';
const FROM = 'Firebreak <firebreak@lab.test>';
const PEOPLE = ['on-call@lab.test', 'sam@lab.test'];
const THREADS = 7;
const LOOK_MS = 100;
const WAIT_MAX_MS = 120_000;
const TEST_MAX_MS = 300_000;

const closers: Closers = [];
beforeAll(quietTemporalRuntime);
afterEach(async () => {
  while (closers.length > 0) await closers.pop()?.();
});

/** Whose card every incident has; the purposes of its messages follow from it. */
interface Thread {
  readonly incidentId: string;
  readonly approvalId: string;
}

/** One call that is struck: which message of which incident, and how it is known on the wire. */
interface Point {
  readonly channel: Exclude<MessageChannel, 'page'>;
  readonly matches: (subject: FaultSubject) => boolean;
  /** Moments that were struck: before the effect, then after it. */
  struck: number;
  /** True once it waits. */
  waits: boolean;
}

const POSTS = ['opened', 'step/isolate', 'card', 'closed'] as const;
/** What of a call nobody looks at here. */
const CALL = { method: 'POST', agent: '' };
const MAILS = ['opened', 'card', 'closed'] as const;

function purposeOf({ approvalId }: Thread, name: (typeof POSTS)[number]): string {
  return name === 'card' ? cardPurpose(approvalId) : name;
}

/** By what a message is known in Slack. */
function keyOf(thread: Thread, name: (typeof POSTS)[number]): string {
  return sha256Hex(`${thread.incidentId}/slack/${purposeOf(thread, name)}`);
}

/** The call that posts a message, or edits the one that it posted. */
function slackPoint(
  thread: Thread,
  name: (typeof POSTS)[number],
  method = 'chat.postMessage',
): Point {
  const key = keyOf(thread, name);
  return {
    channel: 'slack',
    matches: ({ path, body }) => path === `/api/${method}` && body.includes(key),
    struck: 0,
    waits: false,
  };
}

function mailIdFor(thread: Thread, name: (typeof MAILS)[number]): string {
  return mailIdOf({ incidentId: thread.incidentId, purpose: purposeOf(thread, name) }, FROM);
}

function messageIdIn(body: string): string | undefined {
  return /^message-id:\s*(<[^>]+>)/imu.exec(body)?.[1];
}

/** The transaction that mails a message: it has its effect with the end of its data. */
function mailPoint(thread: Thread, name: (typeof MAILS)[number]): Point {
  const id = mailIdFor(thread, name);
  return {
    channel: 'mail',
    matches: ({ method, body }) => method === 'DATA' && messageIdIn(body) === id,
    struck: 0,
    waits: false,
  };
}

/** Keeps the call of each point waiting until the worker was killed: when it arrives, and once more when it was done. */
function disturb(
  twins: Readonly<Record<Point['channel'], SlackTwin | MailTwin>>,
  points: readonly Point[],
  striker: Striker,
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

async function put(
  store: Store,
  { incidentId }: Thread,
  rows: readonly { readonly purpose: string; readonly mail: boolean }[],
): Promise<void> {
  await store.messages.put(
    rows.flatMap(({ purpose, mail }) =>
      (mail ? (['slack', 'mail'] as const) : (['slack'] as const)).map((channel) => ({
        ...{ incidentId, purpose, channel },
        subject: `About ${purpose}`,
        text: `Text of ${purpose}.`,
      })),
    ),
  );
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

/** Waits until something holds. */
async function until(holds: () => boolean): Promise<void> {
  const deadline = Date.now() + WAIT_MAX_MS;
  while (!holds()) {
    if (Date.now() > deadline) throw new Error(`waited in vain until ${holds.toString()}`);
    await sleep(LOOK_MS);
  }
}

/** True when the live card no longer shows the approval that expired. */
function isCurrent(cards: readonly object[]): boolean {
  return !JSON.stringify(cards).includes('Go back');
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

/** Writes what happens in one incident, what comes after the card once that stands; resolves when all of it is sent. */
async function tell(store: Store, thread: Thread): Promise<readonly Message[]> {
  const card = cardPurpose(thread.approvalId);
  await put(store, thread, [
    { purpose: 'opened', mail: true },
    { purpose: 'step/isolate', mail: false },
    { purpose: card, mail: true },
  ]);
  await waitFor(store, thread, (messages) =>
    messages.some((one) => one.channel === 'slack' && one.purpose === card && one.state === 'sent'),
  );
  await store.approvals.settle(thread.approvalId, 'expired', 'Nobody answered.');
  await put(store, thread, [
    { purpose: cardEdit(thread.approvalId, 'expired').purpose, mail: false },
    { purpose: 'closed', mail: true },
  ]);
  return waitFor(store, thread, (messages) => messages.every(({ state }) => state === 'sent'));
}

async function factsOf(store: Store, { incidentId }: Thread): Promise<readonly Fact[]> {
  const facts: Fact[] = [];
  for await (const fact of store.facts.all(incidentId)) facts.push(fact);
  return facts;
}

/** What stands in the channel of one message of an incident, by its mark. */
function standing(slack: SlackTwin, thread: Thread, name: (typeof POSTS)[number]) {
  const key = keyOf(thread, name);
  return slack.messages(CHANNEL).filter(({ metadata }) => JSON.stringify(metadata).includes(key));
}

/** Writes of an incident's messages that had an effect, on either side. */
function effects(
  { slack, mail }: { readonly slack: SlackTwin; readonly mail: MailTwin },
  thread: Thread,
) {
  // Edits of the live card follow the log, more or fewer of them.
  const isPosted = ({ path, body }: { readonly path: string; readonly body: string }): boolean =>
    POSTS.some((name) => slackPoint(thread, name).matches({ ...CALL, path, body })) ||
    slackPoint(thread, 'card', 'chat.update').matches({ ...CALL, path, body });
  const isMailed = (body: string): boolean =>
    MAILS.some((name) => messageIdIn(body) === mailIdFor(thread, name));
  return {
    slack: slack.ledger.filter((entry) => entry.changed && isPosted(entry)).length,
    mail: mail.ledger.filter(({ changed, body }) => changed && isMailed(body)).length,
  };
}

/** Mails that one process sent twice; `ends` are the counts of deliveries at which a process was dead. */
function repeated(deliveries: MailTwin['deliveries'], ends: readonly number[]): readonly string[] {
  return [0, ...ends].flatMap((from, index) => {
    const ids = deliveries.slice(from, ends[index]).map(({ messageId }) => messageId);
    return ids.filter((id, at) => ids.indexOf(id) !== at);
  });
}

/** Who got which mail, each as often as it lies in a mailbox. */
function mailed(mails: MailTwin['received'], thread: Thread): readonly string[] {
  return MAILS.flatMap((name) => {
    const id = mailIdFor(thread, name);
    return mails
      .filter(({ messageId }) => messageId === id)
      .map(({ to }) => `${name} ${to.join()}`);
  });
}

test(
  'a process killed at each call to Slack and mail: each message stands once, the log is whole',
  async () => {
    const database = await freshDatabase();
    closers.push(() => database.drop());
    const [slack, mail] = [await createSlackTwin(), await createMailTwin()];
    closers.push(() => slack.close());
    closers.push(() => mail.close());
    const stores = {
      api: await createStore({ databaseUrl: database.url, role: 'api', poolSize: 2 }),
      worker: await createStore({ databaseUrl: database.url, role: 'worker', poolSize: 4 }),
    };
    closers.push(() => stores.api.close());
    closers.push(() => stores.worker.close());
    const threads: Thread[] = [];
    for (let lane = 0; lane < THREADS; lane += 1) {
      threads.push(await openThread(stores, `messages-${lane.toString()}`));
    }
    const sql = (text: string): Promise<unknown> =>
      withClient(database.url, (client) => client.query(text));
    // These incidents only speak: none of them is run.
    await sql(`delete from firebreak.outbox where kind = 'start-incident'`);
    const { places } = await openSmallWorld(closers, database.url);
    const { apiUrl, botToken } = slack;
    const told = {
      ...places,
      configuration: { ...places.configuration, slackChannel: CHANNEL, mailTo: PEOPLE },
      channels: {
        slack: { apiUrl, botToken, channel: CHANNEL },
        mail: { url: mail.url, from: FROM },
      },
    };
    // The first start makes the rules and the key that the worker reads.
    const firebreak = await startFirebreak(settingsOf(told, 'api'));
    closers.push(() => firebreak.stop());
    const mailedAtDeath: number[] = [];
    const striker = await createStriker(told, closers, async () => {
      // What the dead process had taken up is given free by time; this test does not wait for it.
      await sql('update firebreak.outbox set lease_until = now() where leased');
      await sql('update firebreak.status_card set due_at = now()');
      mailedAtDeath.push(mail.deliveries.length);
    });
    const threadAt = (lane: number): Thread => {
      const thread = threads[lane];
      if (thread === undefined) throw new Error('too few threads');
      return thread;
    };
    const live = slackPoint(threadAt(0), 'opened', 'chat.update');
    const points = [
      live,
      slackPoint(threadAt(1), 'opened'),
      slackPoint(threadAt(2), 'step/isolate'),
      slackPoint(threadAt(3), 'card'),
      slackPoint(threadAt(4), 'card', 'chat.update'),
      slackPoint(threadAt(5), 'closed'),
      mailPoint(threadAt(1), 'opened'),
      // One that begins its thread, and one of those that answer it: a process sends two at once.
      mailPoint(threadAt(2), 'card'),
    ];
    disturb({ slack, mail }, points, striker);
    // Live cards are edited one after the other: the one that is struck comes first.
    const begun = tell(stores.worker, threadAt(0));
    await until(() => live.waits);
    const others = threads.slice(1).map((thread) => tell(stores.worker, thread));
    const ended = await Promise.all([begun, ...others]);
    await until(() => points.every(({ struck }) => struck === 2));
    await until(() => threads.every((thread) => isCurrent(standing(slack, thread, 'opened'))));

    // No call to Slack is left out, and nothing had an effect twice.
    const struck = (channel: MessageChannel): number =>
      points.filter((point) => point.channel === channel && point !== live).length;
    const wanted = { slack: struck('slack'), mail: MAILS.length };
    expect(effects({ slack, mail }, threadAt(THREADS - 1))).toEqual(wanted);
    for (const [index, thread] of threads.entries()) {
      expect(effects({ slack, mail }, thread)).toEqual(wanted);
      const posted = POSTS.map((name) => standing(slack, thread, name));
      expect(posted.map(({ length }) => length)).toEqual(POSTS.map(() => 1));
      const [opened, ...replies] = posted.flat();
      expect(replies.map((message) => message.thread_ts)).toEqual(replies.map(() => opened?.ts));
      expect(JSON.stringify(standing(slack, thread, 'card'))).toContain(
        'expired: Nobody answered.',
      );
      expect(mailed(mail.received, thread)).toEqual(
        MAILS.map((name) => `${name} ${PEOPLE.join()}`),
      );
      const rows = ended[index] ?? [];
      for (const { recipients } of rows.filter(({ channel }) => channel === 'mail')) {
        expect(recipients?.map(({ address, state }) => [address, state])).toEqual(
          PEOPLE.map((address) => [address, 'accepted']),
        );
      }
      const facts = await factsOf(stores.worker, thread);
      await expectWholeLog(facts);
      const sent = facts.filter(({ kind }) => kind === 'message.sent').map(({ key }) => key);
      const posts = POSTS.map((name) => `message/slack/${purposeOf(thread, name)}/sent`);
      const mails = MAILS.map((name) => `message/mail/${purposeOf(thread, name)}/sent`);
      expect(sent.toSorted()).toEqual([...posts, ...mails].toSorted());
    }
    // A mail whose end was struck went out again, under its Message-ID; nothing did while its process lived.
    expect(mail.deliveries.length).toBeGreaterThanOrEqual(mail.received.length + struck('mail'));
    expect(mailedAtDeath.length).toBeGreaterThanOrEqual(2);
    expect(repeated(mail.deliveries, mailedAtDeath)).toEqual([]);
  },
  TEST_MAX_MS,
);
