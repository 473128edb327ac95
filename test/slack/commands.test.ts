// Goal: what people type in Slack goes through the operations of the API, once for one envelope, committed before the ack and
// answered within three seconds; whom we do not know gets nothing; Slack going away stops nothing.
// Method: the real Bolt over the Slack twin's HTTP and WebSocket; the store is in memory and can be slow.
import { EventEmitter, once } from 'node:events';
import { describe, expect, test } from '@jest/globals';
import type { SlackDesk } from '../../api/slack/door.ts';
import { AppError } from '../../domain/error.ts';
import type { SlackTwinOptions } from '../../lab/slack/twin.ts';
import { closersAfterEach } from '../closers.ts';
import { putMember, slackStage, type SlackStage } from './stage.ts';

const closers = closersAfterEach();

async function stage(
  change: (desk: SlackDesk) => Partial<SlackDesk> = () => ({}),
  options: SlackTwinOptions = {},
): Promise<SlackStage> {
  const made = await slackStage(change, options);
  closers.push(() => made.close());
  return made;
}

const MONA = { command: '/firebreak', userId: 'U0MONA' };
const type = (made: SlackStage, text: string, userId = MONA.userId): Promise<unknown> =>
  made.twin.sendSlashCommand({ ...MONA, userId, text });

/** A desk whose incidents open only when the test says so. */
function slowDesk() {
  const asked = new EventEmitter();
  const release = new EventEmitter();
  const change = ({ store }: SlackDesk): Partial<SlackDesk> => ({
    store: {
      ...store,
      incidents: {
        ...store.incidents,
        open: async (request) => {
          const released = once(release, 'go');
          asked.emit('asked');
          await released;
          return store.incidents.open(request);
        },
      },
    },
  });
  return { asked, change, go: () => release.emit('go') };
}

describe('commands', () => {
  test('open: one incident under the person, however often its envelope comes', async () => {
    const made = await stage();
    await made.twin.connected();
    const command = { ...MONA, text: 'open fraud-scorer drifts', triggerId: '1.2.abc' };
    const first = await made.twin.sendSlashCommand(command);
    expect(first).toEqual({
      text: expect.stringContaining('Opened #1 fraud-scorer drifts'),
      response_type: 'ephemeral',
    });
    await made.twin.sendSlashCommand(command);
    expect(made.memory.requests.size).toBe(1);
    expect([...made.memory.incidents.values()].at(-1)).toMatchObject({
      title: 'fraud-scorer drifts',
      origin: { kind: 'person', by: 'mona', channel: 'slack' },
    });
    await made.twin.sendSlashCommand({ ...command, triggerId: '1.2.def' });
    // Without a trigger the envelope's id tells one command from another.
    await made.twin.sendSlashCommand({ ...command, triggerId: '', envelopeId: 'e1' });
    await made.twin.sendSlashCommand({ ...command, triggerId: '', envelopeId: 'e1' });
    expect(made.memory.requests.size).toBe(3);
  });

  test.each<[string, string | RegExp]>([
    ['', /^Firebreak, what you can do here:.*open &lt;what is wrong&gt;/su],
    ['help', /^Firebreak, what you can do here:.*open &lt;what is wrong&gt;/su],
    ['dance now', /^There is no command "dance"\.\nFirebreak, what you can do here:/u],
    ['constructor', /^There is no command "constructor"\./u],
    ['<!channel>', /^There is no command "&lt;!channel&gt;"\./u],
    ['list', '#7 sev2 open, isolate: fraud-scorer answers strangely'],
    ['status', '#7 sev2 open, isolate'],
    ['status 7', /Waits for approval apr_1 \(R3\).*You can now:.*firebreak incident ack inc_1/su],
    ['status #7', 'seen by nobody yet'],
    ['status inc_1', '#7 sev2'],
    ['status 8', 'no such incident'],
    ['status now', 'by its number'],
    ['ack', 'by its number'],
    ['ack 7', 'acknowledge of #7: recorded'],
    ['note 7 looked at the logs', 'note of #7: recorded'],
    ['note 7', 'text: '],
    ['halt', 'Say why'],
    ['halt it burns', 'Halted: everything'],
    ['halt model=fraud-scorer it burns', 'Halted: model fraud-scorer'],
    ['halt model=fraud-scorer', 'Say why'],
  ])('%j is answered', async (text, words) => {
    const made = await stage();
    await made.twin.connected();
    expect(await type(made, text)).toEqual({
      text: words instanceof RegExp ? expect.stringMatching(words) : expect.stringContaining(words),
      response_type: 'ephemeral',
    });
  });

  test('note, ack and halt are rows of the person, by this door, one for one envelope', async () => {
    const made = await stage();
    await made.twin.connected();
    for (const text of ['note 7 looked', 'ack 7', 'halt model=fraud-scorer it burns']) {
      const command = { ...MONA, text, triggerId: text };
      await made.twin.sendSlashCommand(command);
      await made.twin.sendSlashCommand(command);
    }
    expect([...made.memory.decisions.values()]).toMatchObject([
      { command: { kind: 'note', text: 'looked' }, actor: { person: 'mona', channel: 'slack' } },
      { command: { kind: 'acknowledge' }, actor: { person: 'mona', channel: 'slack' } },
    ]);
    expect(made.memory.halts).toMatchObject([
      { scope: 'model', subject: 'fraud-scorer', reason: 'it burns', haltedBy: 'mona' },
    ]);
  });

  test.each<[string, (made: SlackStage) => { userId: string; words: string }]>([
    ['nobody', () => ({ userId: 'U0EVE', words: '--slack T0LAB/U0EVE' })],
    [
      'the same member id in another workspace',
      () => ({ userId: 'U0GUEST', words: 'T0OTHER/U0GUEST' }),
    ],
    [
      'a deactivated person',
      ({ memory }) => {
        putMember(memory, 'rex', { slackUser: 'T0LAB/U0REX', roles: ['admin'], active: false });
        return { userId: 'U0REX', words: 'does not know you' };
      },
    ],
    [
      'somebody who only looks',
      ({ memory }) => {
        putMember(memory, 'vic', { slackUser: 'T0LAB/U0VIC', roles: ['viewer'] });
        return { userId: 'U0VIC', words: 'Your roles do not allow this.' };
      },
    ],
  ])('%s changes nothing, and is told why', async (_name, put) => {
    const guest = { id: 'U0GUEST', name: 'mona', realName: 'Mona Owner', teamId: 'T0OTHER' };
    const made = await stage(undefined, { users: [guest] });
    putMember(made.memory, 'lab-guest', { slackUser: 'T0LAB/U0GUEST', roles: ['admin'] });
    const { userId, words } = put(made);
    await made.twin.connected();
    for (const text of ['open x', 'open', 'note 7 x', 'ack 7', 'halt x']) {
      const told = await type(made, text, userId);
      expect(told).toMatchObject({ text: expect.stringContaining(words) });
    }
    const { requests, decisions, halts } = made.memory;
    expect([requests.size, decisions.size, halts.length, made.twin.views().length]).toEqual([
      0, 0, 0, 0,
    ]);
  });

  test.each<[AppError | Error, string]>([
    [new AppError('unavailable', 'postgres at 10.0.0.1'), 'could not confirm'],
    [new Error('boom at /srv/firebreak'), 'could not confirm'],
    [new AppError('invalid', 'There is no playbook x.'), 'There is no playbook x.'],
  ])('a failure is answered politely %#', async (failure, words) => {
    const made = await stage(() => ({ openRequest: () => Promise.reject(failure) }));
    await made.twin.connected();
    const told = await type(made, 'open x');
    expect(told).toMatchObject({ text: expect.stringContaining(words) });
    expect(JSON.stringify(told)).not.toMatch(/postgres|boom/);
  });

  test.each([
    ['<!channel> &amp; <https://evil.test|click>', '<!channel> & <https://evil.test|click>'],
    ['a\u0000b\u001b[31m\nc', 'a b [31m c'],
    ['\u202egnp.exe', '\u202egnp.exe'],
    ['__proto__', '__proto__'],
  ])('hostile text %j is data, and inert in the answer', async (typed, taken) => {
    const made = await stage();
    await made.twin.connected();
    const told = await type(made, `open ${typed}`);
    expect([...made.memory.incidents.values()].at(-1)?.title).toBe(taken);
    expect(JSON.stringify(told)).not.toMatch(/<|\\u202e/i);
  });
});

describe('the three seconds', () => {
  test('the ack comes after the commit', async () => {
    const { asked, change, go } = slowDesk();
    const made = await stage(change);
    await made.twin.connected();
    const waiting = once(asked, 'asked');
    const sending = type(made, 'open x');
    await waiting;
    expect([made.memory.requests.size, made.twin.acks.length]).toEqual([0, 0]);
    go();
    expect(await sending).toMatchObject({ text: expect.stringContaining('Opened #1') });
    expect(made.memory.requests.size).toBe(1);
  });

  test('a slow commit is acknowledged in time as not confirmed; the outcome follows', async () => {
    const { change, go } = slowDesk();
    const made = await stage((desk) => ({ ...change(desk), limits: { slackAckMs: 50 } }));
    await made.twin.connected();
    expect(await type(made, 'open x')).toMatchObject({
      text: expect.stringContaining('not confirmed'),
    });
    go();
    await made.twin.responded(1);
    expect(made.twin.responses).toMatchObject([{ text: expect.stringContaining('Opened #1') }]);
  });

  test('what is committed is acknowledged without waiting for the engine, whose answer is told when it comes', async () => {
    const made = await stage(() => ({ limits: { decisionWaitMs: 10_000 } }));
    await made.twin.connected();
    expect(await type(made, 'note 7 looked')).toMatchObject({
      text: expect.stringContaining('note of #7: recorded as'),
    });
    for (const [id, decision] of made.memory.decisions) {
      made.memory.decisions.set(id, { ...decision, outcome: 'refused', reason: 'it is over' });
    }
    await made.twin.responded(1);
    expect(made.twin.responses).toMatchObject([{ text: 'note of #7 was refused: it is over' }]);
  });

  test('a connection that goes during the commit: the answer comes by the response address', async () => {
    const { asked, change, go } = slowDesk();
    const made = await stage(change);
    await made.twin.connected();
    const waiting = once(asked, 'asked');
    const sending = made.twin.sendSlashCommand({ ...MONA, text: 'open x', timeoutMs: 500 });
    const lost = expect(sending).rejects.toThrow('operation_timeout');
    await waiting;
    made.twin.drop();
    await lost;
    go();
    await made.twin.responded(1);
    expect(made.twin.responses).toMatchObject([{ text: expect.stringContaining('Opened #1') }]);
  });
});
