import { afterEach, beforeAll, expect, test } from '@jest/globals';
import type { MessageChannel } from '../../domain/message.ts';
import type { Fact } from '../../domain/fact.ts';
import type { MailTwin } from '../../lab/mail/twin.ts';
import type { SlackTwin } from '../../lab/slack/twin.ts';
import type { Store } from '../../store/tables.ts';
import type { Closers } from '../closers.ts';
import { quietTemporalRuntime } from '../harness.ts';
import {
  dedupKeyOf,
  keyOf,
  mailIdFor,
  mailPoint,
  MAILS,
  messageIdIn,
  pagePoint,
  pagePurpose,
  POSTS,
  purposeOf,
  slackPoint,
  type PostName,
  type Thread,
} from './message-point.ts';
import {
  CHANNEL,
  disturb,
  openMessageWorld,
  PEOPLE,
  tell,
  until,
  type MessageWorld,
} from './message-world.ts';
import { expectWholeLog } from './whole.ts';

// Goal: at whichever call to Slack, the mail relay or PagerDuty the process is killed with -9, before it had an effect and after it, each
// message stands once, is told of once, and the log has no gap. Method: messages come from rows, whatever wrote them; so this test writes
// the rows of several incidents, each with a live card and its thread, an approval's card, its edit and their mails, and the page of a rung,
// and one worker process sends them. Each point is a call of one incident; it is kept waiting, and when all wait, the worker is killed, and
// the next one goes on. A call is known by the mark of its message. One more incident, which nobody disturbs, shows that no call is left out.
const THREADS = 7;
const TEST_MAX_MS = 300_000;
/** What of a call nobody looks at here. */
const CALL = { method: 'POST', agent: '' };

const closers: Closers = [];
beforeAll(quietTemporalRuntime);
afterEach(async () => {
  while (closers.length > 0) await closers.pop()?.();
});

/** True when the live card no longer shows the approval that expired. */
function isCurrent(cards: readonly object[]): boolean {
  return !JSON.stringify(cards).includes('Go back');
}

async function factsOf(store: Store, { incidentId }: Thread): Promise<readonly Fact[]> {
  const facts: Fact[] = [];
  for await (const fact of store.facts.all(incidentId)) facts.push(fact);
  return facts;
}

/** What stands in the channel of one message of an incident, by its mark. */
function standing(slack: SlackTwin, thread: Thread, name: PostName) {
  const key = keyOf(thread, name);
  return slack.messages(CHANNEL).filter(({ metadata }) => JSON.stringify(metadata).includes(key));
}

/** Writes of an incident's messages that had an effect, on each side. */
function effects({ slack, mail, page }: MessageWorld, thread: Thread) {
  // Edits of the live card follow the log, more or fewer of them.
  const isPosted = ({ path, body }: { readonly path: string; readonly body: string }): boolean =>
    POSTS.some((name) => slackPoint(thread, name).matches({ ...CALL, path, body })) ||
    slackPoint(thread, 'card', 'chat.update').matches({ ...CALL, path, body });
  const isMailed = (body: string): boolean =>
    MAILS.some((name) => messageIdIn(body) === mailIdFor(thread, name));
  const isPage = pagePoint(thread).matches;
  return {
    slack: slack.ledger.filter((entry) => entry.changed && isPosted(entry)).length,
    mail: mail.ledger.filter(({ changed, body }) => changed && isMailed(body)).length,
    page: page.ledger.filter((entry) => entry.changed && isPage(entry)).length,
  };
}

/** Marks that one process sent twice; `ends` are the counts of what was sent at which a process was dead. */
function repeated(sent: readonly string[], ends: readonly number[]): readonly string[] {
  return [0, ...ends].flatMap((from, index) => {
    const marks = sent.slice(from, ends[index]);
    return marks.filter((mark, at) => marks.indexOf(mark) !== at);
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

/** The thread stands once and in order, and its card shows how the approval ended. */
function expectThread(slack: SlackTwin, thread: Thread): void {
  const posted = POSTS.map((name) => standing(slack, thread, name));
  expect(posted.map(({ length }) => length)).toEqual(POSTS.map(() => 1));
  const [opened, ...replies] = posted.flat();
  expect(replies.map((message) => message.thread_ts)).toEqual(replies.map(() => opened?.ts));
  expect(JSON.stringify(standing(slack, thread, 'card'))).toContain('expired: Nobody answered.');
}

/** The log is whole and tells of each message once. */
async function expectToldOnce(store: Store, thread: Thread): Promise<void> {
  const facts = await factsOf(store, thread);
  await expectWholeLog(facts);
  const told = facts.filter(({ kind }) => kind.startsWith('message.')).map(({ key }) => key);
  const posts = POSTS.map((name) => `message/slack/${purposeOf(thread, name)}/sent`);
  const mails = MAILS.map((name) => `message/mail/${purposeOf(thread, name)}/sent`);
  const page = `message/page/${pagePurpose(thread)}/sent`;
  expect(told.toSorted()).toEqual([...posts, ...mails, page].toSorted());
}

test(
  'a process killed at each call to Slack, mail and PagerDuty: each message stands once, the log is whole',
  async () => {
    const world = await openMessageWorld(closers, THREADS);
    const { slack, mail, page, store, threads, deaths } = world;
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
      pagePoint(threadAt(3)),
    ];
    disturb(world, points);
    // Live cards are edited one after the other: the one that is struck comes first.
    const begun = tell(store, threadAt(0));
    await until(() => live.waits);
    const others = threads.slice(1).map((thread) => tell(store, thread));
    const ended = await Promise.all([begun, ...others]);
    await until(() => points.every(({ struck }) => struck === 2));
    await until(() => threads.every((thread) => isCurrent(standing(slack, thread, 'opened'))));

    // No call is left out, and nothing had an effect twice.
    const struck = (channel: MessageChannel): number =>
      points.filter((point) => point.channel === channel && point !== live).length;
    const wanted = { slack: struck('slack'), mail: MAILS.length, page: struck('page') };
    expect(effects(world, threadAt(THREADS - 1))).toEqual(wanted);
    for (const [index, thread] of threads.entries()) {
      expect(effects(world, thread)).toEqual(wanted);
      expectThread(slack, thread);
      expect(mailed(mail.received, thread)).toEqual(
        MAILS.map((name) => `${name} ${PEOPLE.join()}`),
      );
      const rows = ended[index] ?? [];
      for (const { recipients } of rows.filter(({ channel }) => channel === 'mail')) {
        expect(recipients?.map(({ address, state }) => [address, state])).toEqual(
          PEOPLE.map((address) => [address, 'accepted']),
        );
      }
      await expectToldOnce(store, thread);
    }
    const keys = page.alerts().map(({ dedupKey }) => dedupKey);
    expect(keys.toSorted()).toEqual(threads.map(dedupKeyOf).toSorted());
    // What was struck at its end went out again, under its own mark; nothing did while its process lived.
    const mails = mail.deliveries.map(({ messageId }) => messageId);
    expect(mails.length).toBeGreaterThanOrEqual(mail.received.length + struck('mail'));
    const pages = page.ledger.map(({ body }) => body);
    expect(pages.length).toBeGreaterThanOrEqual(threads.length + struck('page'));
    expect(deaths.length).toBeGreaterThanOrEqual(2);
    const ends = { mail: deaths.map((one) => one.mail), page: deaths.map((one) => one.page) };
    expect(repeated(mails, ends.mail)).toEqual([]);
    expect(repeated(pages, ends.page)).toEqual([]);
  },
  TEST_MAX_MS,
);
