// Goal: a message is posted once per key, whatever is lost on the way; Slack's errors become our codes.
// Method: the connector (with Slack's own client) against the Slack twin, faults planned on the wire.
import { describe, expect, test } from '@jest/globals';
import type { Json } from '../../domain/json.ts';
import type { SlackTwinOptions } from '../../lab/slack/twin.ts';
import { actionOf, callContext } from '../test-connector.ts';
import { CHANNEL, PLAN, world } from './test-world.ts';

const isPost = ({ path }: { path: string }): boolean => path === '/api/chat.postMessage';

describe('slack post', () => {
  test('posts once per key: a second apply finds the first message', async () => {
    const { twin, slack } = await world();
    const action = actionOf(slack, 'post');
    const plan = await action.plan({ text: 'opened' }, callContext());
    const first = await action.apply({ text: 'opened' }, plan, callContext());
    const second = await action.apply({ text: 'opened' }, plan, callContext());
    expect(second).toEqual(first);
    expect(first.origin).toBe('ours');
    expect(twin.messages(CHANNEL)).toHaveLength(1);
    await action.apply({ text: 'opened' }, plan, callContext({ idempotencyKey: 'another' }));
    expect(twin.messages(CHANNEL)).toHaveLength(2);
  });

  test.each([
    ['lost after Slack had it', { kind: 'cut-after' } as const, 1],
    ['lost before Slack had it', { kind: 'cut-before' } as const, 0],
    [
      'an internal error',
      {
        kind: 'replace',
        reply: { status: 200, body: { ok: false, error: 'internal_error' } },
      } as const,
      1,
    ],
    ['a 502 of a proxy', { kind: 'replace', reply: { status: 502, body: '' } } as const, 1],
  ])('%s: outcome unknown, then the retry leaves exactly one', async (_title, fault, there) => {
    const { twin, slack } = await world();
    const action = actionOf(slack, 'post');
    twin.faults.add(fault, { matches: isPost });
    await expect(action.apply({ text: 'opened' }, PLAN, callContext())).rejects.toMatchObject({
      code: 'outcome_unknown',
    });
    expect(twin.messages(CHANNEL)).toHaveLength(there);
    expect(await action.verify({ text: 'opened' }, PLAN, callContext())).toMatchObject({
      holds: there === 1 ? 'yes' : 'no',
    });
    await action.apply({ text: 'opened' }, PLAN, callContext());
    expect(twin.messages(CHANNEL)).toHaveLength(1);
    expect(await action.verify({ text: 'opened' }, PLAN, callContext())).toEqual({ holds: 'yes' });
  });

  test('a reply goes into its thread and is found there', async () => {
    const { twin, slack } = await world();
    const action = actionOf(slack, 'post');
    const parent = await action.apply({ text: 'opened' }, PLAN, callContext());
    const reply = { text: 'isolated', threadTs: parent.externalId };
    const key = { idempotencyKey: 'reply' };
    twin.faults.add({ kind: 'cut-after' }, { matches: isPost });
    await expect(action.apply(reply, PLAN, callContext(key))).rejects.toMatchObject({
      code: 'outcome_unknown',
    });
    await action.apply(reply, PLAN, callContext(key));
    expect(twin.messages(CHANNEL).map((message) => message.thread_ts)).toEqual([
      undefined,
      parent.externalId,
    ]);
  });

  test('the key is found behind pages of other messages', async () => {
    const { twin, slack } = await world();
    const action = actionOf(slack, 'post');
    await action.apply({ text: 'opened' }, PLAN, callContext());
    for (let index = 0; index < 250; index += 1) {
      const body = JSON.stringify({ channel: CHANNEL, text: index.toString() });
      const headers = {
        authorization: `Bearer ${twin.botToken}`,
        'content-type': 'application/json',
      };
      await fetch(`${twin.apiUrl}chat.postMessage`, { method: 'POST', headers, body });
    }
    await action.apply({ text: 'opened' }, PLAN, callContext());
    expect(twin.messages(CHANNEL)).toHaveLength(251);
  });

  test('plan and verify post nothing; the permit is asked right before the post', async () => {
    const { twin, slack } = await world();
    const action = actionOf(slack, 'post');
    const refused = callContext({ permit: () => Promise.reject(new Error('halted')) });
    await action.plan({ text: 'opened' }, refused);
    expect(await action.verify({ text: 'opened' }, PLAN, refused)).toMatchObject({ holds: 'no' });
    await expect(action.apply({ text: 'opened' }, PLAN, refused)).rejects.toThrow('halted');
    expect(twin.ledger.filter((entry) => entry.changed)).toEqual([]);
    expect(twin.ledger.some((entry) => entry.path === '/api/chat.postMessage')).toBe(false);
  });

  test.each<[string, { options?: SlackTwinOptions; config?: object }, string]>([
    [
      'an archived channel',
      { options: { channels: [{ id: CHANNEL, name: 'i', archived: true }] } },
      'conflict',
    ],
    ['no such channel', { options: { channels: [] } }, 'not_found'],
    [
      'not in the channel',
      { options: { channels: [{ id: CHANNEL, name: 'i', member: false }] } },
      'unauthorized',
    ],
    ['a wrong token', { config: { token: 'xoxb-wrong' } }, 'unauthorized'],
    ['no right to write', { options: { missingScopes: ['chat:write'] } }, 'unauthorized'],
    ['no right to read back', { options: { missingScopes: ['channels:history'] } }, 'unauthorized'],
  ])('%s becomes its code', async (_title, given, code) => {
    const { slack } = await world(given.options, given.config);
    await expect(
      actionOf(slack, 'post').apply({ text: 'x' }, PLAN, callContext()),
    ).rejects.toMatchObject({ code });
  });

  test('a missing scope is named', async () => {
    const { slack } = await world({ missingScopes: ['chat:write'] });
    const applying = actionOf(slack, 'post').apply({ text: 'x' }, PLAN, callContext());
    await expect(applying).rejects.toMatchObject({ permission: 'chat:write' });
  });

  test.each<[string, { status: number; body: unknown; headers?: Record<string, string> }, object]>([
    [
      '429',
      { status: 429, body: '', headers: { 'retry-after': '7' } },
      { code: 'rate_limited', retryAfterMs: 7_000 },
    ],
    [
      '429 for ever',
      { status: 429, body: '', headers: { 'retry-after': '99999999' } },
      { code: 'rate_limited', retryAfterMs: 300_000 },
    ],
    ['429 without time', { status: 429, body: '' }, { code: 'rate_limited' }],
    [
      'ratelimited',
      { status: 200, body: { ok: false, error: 'ratelimited' } },
      { code: 'rate_limited' },
    ],
    [
      'invalid_blocks',
      { status: 200, body: { ok: false, error: 'invalid_blocks' } },
      { code: 'invalid' },
    ],
    [
      'msg_too_long',
      { status: 200, body: { ok: false, error: 'msg_too_long' } },
      { code: 'too_large' },
    ],
    ['a page of a proxy', { status: 200, body: '<html>' }, { code: 'bad_reply' }],
    ['an answer of another shape', { status: 200, body: { ok: true } }, { code: 'bad_reply' }],
    [
      'a redirect',
      { status: 302, body: '', headers: { location: 'http://127.0.0.1:1/' } },
      { code: 'bad_reply' },
    ],
  ])('%s: tried once, and its code', async (_title, reply, expected) => {
    const { twin, slack } = await world();
    twin.faults.add({ kind: 'reply', reply }, { matches: isPost });
    await expect(
      actionOf(slack, 'post').apply({ text: 'x' }, PLAN, callContext()),
    ).rejects.toMatchObject(expected);
    expect(twin.messages(CHANNEL)).toHaveLength(0);
    expect(twin.ledger.filter((entry) => isPost(entry)).length).toBeLessThanOrEqual(1);
  });

  test('a Slack that is down is unavailable, and nothing was sent', async () => {
    const { twin, slack } = await world();
    await twin.close();
    await expect(
      actionOf(slack, 'post').apply({ text: 'x' }, PLAN, callContext()),
    ).rejects.toMatchObject({ code: 'unavailable' });
  });

  test('an abort ends a call that hangs', async () => {
    const { twin, slack } = await world();
    twin.faults.add({ kind: 'delay', delayMs: 3_000 }, { matches: isPost });
    const controller = new AbortController();
    const permit = (): Promise<void> => {
      setImmediate(() => {
        controller.abort();
      });
      return Promise.resolve();
    };
    const started = performance.now();
    const applying = actionOf(slack, 'post').apply(
      { text: 'x' },
      PLAN,
      callContext({ signal: controller.signal, permit }),
    );
    await expect(applying).rejects.toMatchObject({
      code: expect.stringMatching(/outcome_unknown|unavailable/),
    });
    expect(performance.now() - started).toBeLessThan(1_500);
  });

  test.each<[Json, string]>([
    [{ text: '' }, 'with.text'],
    [{ text: 'x'.repeat(40_001) }, 'with.text'],
    [{ text: 'x', threadTs: 'now' }, 'with.threadTs'],
    [{ text: 'x', blocks: Array.from({ length: 51 }, () => ({ type: 'divider' })) }, 'with.blocks'],
    [{ text: 'x', channel: '#general' }, 'with.channel'],
  ])('refuses input %#', async (input, field) => {
    const { slack } = await world();
    await expect(
      Promise.resolve().then(() => actionOf(slack, 'post').plan(input, callContext())),
    ).rejects.toMatchObject({ code: 'invalid', field });
  });

  test('no error tells the token, also when Slack echoes it', async () => {
    const { twin, slack } = await world();
    const reply = { status: 200, body: { ok: false, error: twin.botToken } };
    twin.faults.add({ kind: 'reply', reply }, { matches: isPost });
    const failure: unknown = await actionOf(slack, 'post')
      .apply({ text: 'x' }, PLAN, callContext())
      .catch((error: unknown) => error);
    expect(failure instanceof Error ? failure.message : 'no error').not.toContain(twin.botToken);
  });
});
