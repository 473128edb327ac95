// Goal: a stopwatch on a message of an incident's thread puts it onto the timeline once, under its own time and author, whoever reacts and
// however often Slack says so; it is acknowledged after its commit, and for nobody else anything happens.
// Method: the real Bolt over the Slack twin, both ways in; the store is in memory, and can fail and be slow.
import { EventEmitter, once } from 'node:events';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { WebClient } from '@slack/web-api';
import type { SlackDesk } from '../../api/slack/door.ts';
import { AppError } from '../../domain/error.ts';
import type { FaultSubject } from '../../lab/fault.ts';
import { closersAfterEach, type Closers } from '../closers.ts';
import {
  CHANNEL,
  putMember,
  putOpened,
  slackStage,
  WAYS,
  type SlackStage,
  type StageOptions,
} from './stage.ts';

const closers = closersAfterEach();

const SAID_AT = '2026-11-23T09:41:07.250Z';
const TEXT = 'v7 answers &lt;null&gt;';

interface Said extends SlackStage {
  /** Timestamps of the card that began the thread, of a reply in it, and of a message beside it. */
  readonly card: string;
  readonly reply: string;
  readonly beside: string;
}

/** A thread of an incident in which Sam said something. */
async function said(
  options: StageOptions = {},
  change?: (desk: SlackDesk) => Partial<SlackDesk>,
): Promise<Said> {
  const made = await slackStage(change, {
    channels: [
      { id: CHANNEL, name: 'incidents' },
      { id: 'C0OTHER', name: 'other' },
    ],
    now: () => new Date(SAID_AT),
    ...options,
  });
  closers.push(() => made.close());
  const { twin, memory } = made;
  if (options.way !== 'http') await twin.connected();
  const client = new WebClient(twin.botToken, { slackApiUrl: twin.apiUrl });
  const { ts: card = '' } = await client.chat.postMessage({ channel: CHANNEL, text: 'opened' });
  putOpened(memory, card);
  const by = { userId: 'U0SAM', channel: CHANNEL, text: TEXT };
  const reply = twin.say({ ...by, threadTs: card });
  return { ...made, card, reply, beside: twin.say(by) };
}

const MONA = { userId: 'U0MONA', channel: CHANNEL };
const tellingsOf = ({ twin }: SlackStage): string => JSON.stringify(twin.ephemerals);
const notesOf = ({ memory }: SlackStage): readonly unknown[] => [...memory.decisions.values()];

describe.each(WAYS)('a stopwatch, by %s', (way) => {
  test('is one note under the time and author of the message; more reactions and deliveries add nothing', async () => {
    const made = await said({ way });
    const { twin, reply } = made;
    for (const userId of ['U0MONA', 'U0MONA', 'U0SAM']) {
      expect(await twin.react({ ...MONA, userId, ts: reply, eventId: 'Ev1' })).toBe(1);
    }
    twin.rephrase(CHANNEL, reply, 'I never said that');
    expect(await twin.react({ ...MONA, ts: reply })).toBe(1);
    expect(notesOf(made)).toMatchObject([
      {
        incidentId: 'inc_1',
        command: {
          kind: 'note',
          text: 'v7 answers <null> [said in Slack by sam]',
          occurredAt: '2026-11-23T09:41:07.250Z',
        },
        actor: { person: 'mona', channel: 'slack' },
      },
    ]);
    await twin.called('chat.postEphemeral', 4);
    expect(twin.ephemerals[0]).toEqual({
      ...{ channel: CHANNEL, user: 'U0MONA', thread_ts: made.card },
      text: "On the timeline of #7, under the message's own time.",
    });
    expect(twin.ephemerals[3]?.text).toContain('already');
  });

  test('is not acknowledged when it is not committed, and comes again', async () => {
    let failures = 1;
    const made = await said({ way }, ({ store }) => ({
      store: {
        ...store,
        transaction: (work) => {
          failures -= 1;
          return failures < 0
            ? store.transaction(work)
            : Promise.reject(new AppError('unavailable', 'no database'));
        },
      },
    }));
    const ts = made.reply;
    expect(await made.twin.react({ ...MONA, ts, attemptsMax: 2, ackWithinMs: 300 })).toBe(2);
    expect(notesOf(made)).toHaveLength(1);
  });

  test('during a slow commit Slack tries again, and both are one note', async () => {
    const steps = new EventEmitter();
    const made = await said({ way }, ({ store }) => ({
      store: {
        ...store,
        transaction: async (work) => {
          const released = once(steps, 'go');
          steps.emit('asked');
          await released;
          return store.transaction(work);
        },
      },
    }));
    const reacting = made.twin.react({ ...MONA, ts: made.reply, attemptsMax: 2, ackWithinMs: 300 });
    await once(steps, 'asked');
    await once(steps, 'asked');
    expect(notesOf(made)).toEqual([]);
    steps.emit('go');
    expect(await reacting).toBe(2);
    expect(notesOf(made)).toHaveLength(1);
  });
});

describe('a stopwatch', () => {
  test('is acknowledged after its commit', async () => {
    const made = await said();
    const { decisions } = made.memory;
    const acksAtRow: number[] = [];
    const set = decisions.set.bind(decisions);
    decisions.set = (...row) => {
      acksAtRow.push(made.twin.acks.length);
      return set(...row);
    };
    await made.twin.react({ ...MONA, ts: made.reply });
    expect([acksAtRow, made.twin.acks.length]).toEqual([[0], 1]);
  });

  test('in the channel that is an incident’s own counts on every message, in a thread or not', async () => {
    const made = await said({}, ({ store }) => ({
      store: {
        ...store,
        incidentChannels: {
          ...store.incidentChannels,
          incidentIn: (id) => Promise.resolve(id === 'C0OTHER' ? 'inc_1' : null),
        },
      },
    }));
    const ts = made.twin.say({ userId: 'U0SAM', channel: 'C0OTHER', text: TEXT });
    await made.twin.react({ ...MONA, channel: 'C0OTHER', ts });
    expect(notesOf(made)).toMatchObject([{ incidentId: 'inc_1', command: { kind: 'note' } }]);
  });
});

describe('nothing is added by a stopwatch', () => {
  let thread: Said;
  let kept: Closers = [];
  beforeAll(async () => {
    thread = await said();
    kept = closers.splice(0);
  });
  afterAll(async () => {
    for (const close of kept) await close();
  });

  test.each<[string, (made: Said) => Parameters<SlackStage['twin']['react']>[0], RegExp | null]>([
    ['of nobody', ({ reply: ts }) => ({ ...MONA, userId: 'U0EVE', ts }), null],
    [
      'of somebody deactivated',
      ({ memory, reply: ts }) => {
        const slackUser = 'T0LAB/U0MONA';
        putMember(memory, 'mona', { slackUser, roles: ['responder'], active: false });
        return { ...MONA, ts };
      },
      null,
    ],
    ['of our own bot', ({ reply: ts }) => ({ ...MONA, userId: 'U0FIREBREAK', ts }), null],
    [
      'in a channel with another company in it',
      ({ reply: ts }) => ({ ...MONA, ts, isShared: true }),
      null,
    ],
    ['that is another reaction', ({ reply: ts }) => ({ ...MONA, ts, reaction: 'eyes' }), null],
    ['on a file', ({ reply: ts }) => ({ ...MONA, ts, isOnFile: true }), null],
    ['beside the thread', ({ beside: ts }) => ({ ...MONA, ts }), null],
    ['on the card itself', ({ card: ts }) => ({ ...MONA, ts }), null],
    [
      'in another channel',
      ({ twin }) => {
        const channel = 'C0OTHER';
        return { ...MONA, channel, ts: twin.say({ userId: 'U0SAM', channel, text: TEXT }) };
      },
      null,
    ],
    [
      'of somebody who only looks',
      ({ memory, reply: ts }) => {
        putMember(memory, 'mona', { slackUser: 'T0LAB/U0MONA', roles: ['viewer'] });
        return { ...MONA, ts };
      },
      /Your roles do not allow this/u,
    ],
    [
      'on a message that is gone',
      ({ twin, reply: ts }) => {
        twin.remove(CHANNEL, ts);
        return { ...MONA, ts };
      },
      /does not show this message: thread_not_found/u,
    ],
  ])('%s', async (_name, reactionOf, told) => {
    const { twin, memory, card } = thread;
    putMember(memory, 'mona', { slackUser: 'T0LAB/U0MONA', roles: ['responder'] });
    const reply = twin.say({ userId: 'U0SAM', channel: CHANNEL, text: TEXT, threadTs: card });
    const before = twin.ephemerals.length;
    expect(await twin.react(reactionOf({ ...thread, reply }))).toBe(1);
    if (told !== null) await twin.called('chat.postEphemeral', before + 1);
    expect(JSON.stringify(twin.ephemerals.slice(before))).toMatch(told ?? /^\[\]$/u);
    expect(notesOf(thread)).toEqual([]);
  });
});

describe('a stopwatch', () => {
  test('while Slack does not show the message nothing is acknowledged; without the scope it is told', async () => {
    const made = await said();
    const { twin, reply: ts } = made;
    const matches = ({ path }: FaultSubject): boolean => path === '/api/conversations.replies';
    const headers = { 'retry-after': '1' };
    const limited = { status: 429, headers, body: { ok: false, error: 'ratelimited' } };
    twin.faults.add({ kind: 'reply', reply: limited }, { matches });
    expect(await twin.react({ ...MONA, ts, attemptsMax: 2, ackWithinMs: 300 })).toBe(2);
    expect(notesOf(made)).toHaveLength(1);
    const without = await said({ missingScopes: ['channels:history'] });
    await without.twin.react({ ...MONA, ts: without.reply });
    await without.twin.called('chat.postEphemeral', 1);
    expect(tellingsOf(without)).toContain('missing_scope');
  });
});
