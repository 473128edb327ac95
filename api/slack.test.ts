// Goal: a Slack command opens one incident per envelope, committed before the ack and answered within three seconds; Slack going
// away stops nothing.
// Method: the real Bolt over the Slack twin's HTTP and WebSocket; `open` is a recorder that can be slow or fail.
import { EventEmitter, once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, describe, expect, test } from '@jest/globals';
import { AppError } from '../domain/error.ts';
import { createFaultPlan } from '../lab/fault.ts';
import { createSlackTwin, type SlackTwin, type SlackTwinOptions } from '../lab/slack/twin.ts';
import { startSlackInbound, type SlackInboundOptions, type SlackRequest } from './slack.ts';

const closers: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

interface World {
  readonly twin: SlackTwin;
  readonly requests: SlackRequest[];
  readonly log: { readonly text: string; readonly data: object }[];
  stop(): Promise<void>;
}

async function world(
  change: Partial<SlackInboundOptions> = {},
  options: SlackTwinOptions = {},
): Promise<World> {
  const twin = await createSlackTwin(options);
  closers.push(() => twin.close());
  const requests: SlackRequest[] = [];
  const log: { text: string; data: object }[] = [];
  const write = (data: object, text: string): void => {
    log.push({ text, data });
  };
  const inbound = await startSlackInbound({
    appToken: twin.appToken,
    botToken: twin.botToken,
    apiUrl: twin.apiUrl,
    log: { info: write, warn: write },
    open: (request) => {
      requests.push(request);
      return Promise.resolve({ text: `Opened #1 ${request.text}` });
    },
    ...change,
  });
  closers.push(() => inbound.stop());
  return { twin, requests, log, stop: () => inbound.stop() };
}

const MONA = { command: '/firebreak', userId: 'U0MONA' };

describe('slack inbound', () => {
  test('open: the request carries user, team and text; the answer is for the person alone', async () => {
    const { twin, requests } = await world();
    await twin.connected();
    const ack = await twin.sendSlashCommand({ ...MONA, text: 'open fraud-scorer drifts' });
    expect(ack).toEqual({ text: 'Opened #1 fraud-scorer drifts', response_type: 'ephemeral' });
    expect(requests).toEqual([
      {
        text: 'fraud-scorer drifts',
        slackUser: 'U0MONA',
        team: 'T0LAB',
        requestId: expect.stringMatching(/^slack-[0-9a-f]{32}$/),
      },
    ]);
  });

  test('the same envelope again has the same request id; another command has another', async () => {
    const { twin, requests } = await world();
    await twin.connected();
    const command = { ...MONA, text: 'open x', triggerId: '1.2.abc' };
    await twin.sendSlashCommand(command);
    await twin.sendSlashCommand(command);
    await twin.sendSlashCommand({ ...command, triggerId: '1.2.def' });
    await twin.sendSlashCommand({ ...command, triggerId: '', envelopeId: 'e1' });
    await twin.sendSlashCommand({ ...command, triggerId: '', envelopeId: 'e1' });
    const ids = requests.map((request) => request.requestId);
    expect(ids[0]).toBe(ids[1]);
    expect(ids[3]).toBe(ids[4]);
    expect(new Set(ids).size).toBe(3);
  });

  test('the ack comes after the commit', async () => {
    const order: string[] = [];
    const made = await world({
      open: async () => {
        await sleep(100);
        order.push(`committed, ${made.twin.acks.length.toString()} acks`);
        return { text: 'done' };
      },
    });
    await made.twin.connected();
    await made.twin.sendSlashCommand({ ...MONA, text: 'open x' });
    expect(order).toEqual(['committed, 0 acks']);
  });

  test('a slow commit is acknowledged within three seconds as not confirmed; the outcome follows', async () => {
    let commit: (answer: { text: string }) => void = () => undefined;
    const { twin } = await world({
      open: () =>
        new Promise((resolve) => {
          commit = resolve;
        }),
    });
    await twin.connected();
    const ack = await twin.sendSlashCommand({ ...MONA, text: 'open x', timeoutMs: 3_000 });
    expect(ack).toMatchObject({ text: expect.stringContaining('not confirmed') });
    commit({ text: 'Opened #1' });
    await twin.responded(1);
    expect(twin.responses).toEqual([{ text: 'Opened #1', response_type: 'ephemeral' }]);
  });

  test.each([
    ['', 'open <what is wrong>'],
    ['help', 'open <what is wrong>'],
    ['dance', 'open <what is wrong>'],
    ['open', 'Please say what is wrong'],
    ['open    ', 'Please say what is wrong'],
    ['status', 'firebreak incident list'],
  ])('%j opens nothing and helps', async (text, words) => {
    const { twin, requests } = await world();
    await twin.connected();
    const ack = await twin.sendSlashCommand({ ...MONA, text });
    const shown = words.replace('<', '&lt;').replace('>', '&gt;');
    expect(ack).toMatchObject({ text: expect.stringContaining(shown) });
    expect(requests).toEqual([]);
  });

  test('words that are too long open nothing', async () => {
    const { twin, requests } = await world();
    await twin.connected();
    const ack = await twin.sendSlashCommand({ ...MONA, text: `open ${'x'.repeat(3_001)}` });
    expect(ack).toMatchObject({ text: 'Please say it in 3000 characters.' });
    expect(requests).toEqual([]);
  });

  test('status is answered when somebody answers it', async () => {
    const { twin } = await world({ status: () => Promise.resolve({ text: '#1 held' }) });
    await twin.connected();
    expect(await twin.sendSlashCommand({ ...MONA, text: 'status' })).toMatchObject({
      text: '#1 held',
    });
  });

  test.each<[AppError | Error, string]>([
    [new AppError('unauthorized', 'secret reason'), 'does not know you'],
    [new AppError('refused', 'secret reason'), 'does not know you'],
    [new AppError('invalid', 'Say what is wrong.'), 'Say what is wrong.'],
    [new AppError('unavailable', 'postgres at 10.0.0.1'), 'could not confirm'],
    [new Error('boom at /srv/firebreak'), 'could not confirm'],
  ])('a failure is answered politely %#', async (failure, words) => {
    const { twin } = await world({ open: () => Promise.reject(failure) });
    await twin.connected();
    const ack = await twin.sendSlashCommand({ ...MONA, text: 'open x' });
    expect(ack).toMatchObject({ text: expect.stringContaining(words) });
    expect(JSON.stringify(ack)).not.toMatch(/secret|postgres|boom/);
  });

  test.each([
    ['<!channel> &amp; <https://evil.test|click>', '<!channel> & <https://evil.test|click>'],
    ['a\u0000b\u001b[31m\nc', 'a b [31m c'],
    ['\u202egnp.exe', '\u202egnp.exe'],
    ["'; drop table incident; --", "'; drop table incident; --"],
    ['__proto__', '__proto__'],
  ])('hostile text %j is data, and inert in the answer', async (typed, taken) => {
    const { twin, requests } = await world();
    await twin.connected();
    const ack = await twin.sendSlashCommand({ ...MONA, text: `open ${typed}` });
    expect(requests[0]?.text).toBe(taken);
    expect(JSON.stringify(ack)).not.toMatch(/<|\\u202e/i);
  });

  test('comes back after Slack recycles the connection, and after it is cut', async () => {
    const { twin } = await world();
    await twin.connected();
    for (const leave of [
      (): void => {
        twin.disconnect('refresh_requested');
      },
      (): void => {
        twin.drop();
      },
    ]) {
      leave();
      expect(twin.connections()).toBe(0);
      await twin.connected();
      const ack = await twin.sendSlashCommand({ ...MONA, text: 'open again' });
      expect(ack).toMatchObject({ text: 'Opened #1 again' });
    }
  });

  test('a connection that goes during the commit: the answer comes by the response address', async () => {
    let commit: (answer: { text: string }) => void = () => undefined;
    const asked = new EventEmitter();
    const { twin } = await world({
      open: () => {
        asked.emit('asked');
        return new Promise((resolve) => {
          commit = resolve;
        });
      },
    });
    await twin.connected();
    const beingAsked = once(asked, 'asked');
    const sending = twin.sendSlashCommand({ ...MONA, text: 'open x', timeoutMs: 500 });
    const lost = expect(sending).rejects.toThrow('operation_timeout');
    await beingAsked;
    twin.drop();
    await lost;
    commit({ text: 'Opened #1' });
    await twin.responded(1);
    expect(twin.responses).toEqual([{ text: 'Opened #1', response_type: 'ephemeral' }]);
  });

  test('starts while Slack refuses, and connects when it is back', async () => {
    const faults = createFaultPlan();
    faults.add({ kind: 'cut-before' });
    faults.add({
      kind: 'reply',
      reply: { status: 429, body: '', headers: { 'retry-after': '60' } },
    });
    const { twin, log } = await world({}, { faults });
    await twin.connected();
    expect(log.filter(({ text }) => text === 'Slack cannot be reached')).toHaveLength(2);
  });

  test('stop ends at once: connected, connecting, or with Slack gone; no token in the log', async () => {
    for (const state of ['connected', 'connecting', 'gone']) {
      const made = await world();
      if (state !== 'connecting') await made.twin.connected();
      if (state === 'gone') await made.twin.close();
      const started = performance.now();
      await made.stop();
      expect(performance.now() - started).toBeLessThan(2_500);
      expect(JSON.stringify(made.log)).not.toMatch(/xapp-lab|xoxb-lab/);
    }
  });
});
