// Goal: Slack's own clients run against the twin unmodified, and it refuses what Slack refuses.
// Method: the official Web API client, a plain WebSocket, one table of calls and error words (Bolt runs in test/slack).
import { once } from 'node:events';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { LogLevel, WebClient, WebAPIPlatformError, WebAPIRateLimitedError } from '@slack/web-api';
import { WebSocket } from 'ws';
import { z } from 'zod';
import { createSlackTwin, type SlackTwin } from './twin.ts';

let twin: SlackTwin;
let client: WebClient;
beforeAll(async () => {
  twin = await createSlackTwin({
    channels: [
      { id: 'C1', name: 'one' },
      { id: 'C2', name: 'two', archived: true },
      { id: 'C3', name: 'three', member: false },
    ],
    missingScopes: ['users:read'],
  });
  client = new WebClient(twin.botToken, {
    slackApiUrl: twin.apiUrl,
    retryConfig: { retries: 0 },
    rejectRateLimitedCalls: true,
    logLevel: LogLevel.ERROR,
  });
});
afterAll(async () => {
  await twin.close();
});

async function wordOf(work: Promise<unknown>): Promise<string> {
  try {
    await work;
    return 'ok';
  } catch (error) {
    return error instanceof WebAPIPlatformError ? error.data.error : String(error);
  }
}

const socketMessage = z.object({ type: z.string(), envelope_id: z.string().optional() });
const headerOf = (text: string) => ({ type: 'header', text: { type: 'plain_text', text } });
const divider = (id: string) => ({ type: 'divider', block_id: id });
const MODAL = {
  type: 'modal' as const,
  title: { type: 'plain_text' as const, text: 'A form' },
  blocks: [{ type: 'divider' as const }],
};
const sectionOf = (text: string) => ({ type: 'section', text: { type: 'plain_text', text } });
/** A button that Slack takes, with one part of it changed. */
const buttonOf = (part: object) => ({
  type: 'actions',
  elements: [
    {
      ...{ type: 'button', text: { type: 'plain_text', text: 'x'.repeat(75) } },
      ...{ action_id: 'x'.repeat(255), value: 'x'.repeat(2_000) },
      ...part,
    },
  ],
});
const homeOf = (blocks: number) => ({
  type: 'home',
  blocks: Array.from({ length: blocks }, () => ({ type: 'divider' })),
});
const HOME = homeOf(1);
const DIVIDERS = Array.from({ length: 51 }, () => ({ type: 'divider' }));

describe('slack twin', () => {
  test.each<[string, Record<string, unknown>, string]>([
    ['auth.test', {}, 'ok'],
    ['chat.postMessage', { channel: 'C1', text: 'x' }, 'ok'],
    ['chat.postMessage', { channel: 'C1', blocks: DIVIDERS.slice(0, 50) }, 'ok'],
    ['chat.postMessage', { channel: 'C1', blocks: DIVIDERS }, 'invalid_blocks'],
    ['chat.postMessage', { channel: 'C1', blocks: 'none' }, 'invalid_blocks_format'],
    ['chat.postMessage', { channel: 'C1', blocks: [{ type: 'marquee' }] }, 'invalid_blocks'],
    ['chat.postMessage', { channel: 'C1', blocks: [headerOf('x'.repeat(151))] }, 'invalid_blocks'],
    ['chat.postMessage', { channel: 'C1', blocks: [headerOf('')] }, 'invalid_blocks'],
    [
      'chat.postMessage',
      { channel: 'C1', blocks: [divider('one'), divider('one')] },
      'invalid_blocks',
    ],
    ['views.open', { trigger_id: 'unheard', view: MODAL }, 'invalid_trigger_id'],
    ['views.update', { view_id: 'V0', view: MODAL }, 'not_found'],
    ['chat.postMessage', { channel: 'C1', blocks: [sectionOf('x'.repeat(3_000))] }, 'ok'],
    [
      'chat.postMessage',
      { channel: 'C1', blocks: [sectionOf('x'.repeat(3_001))] },
      'invalid_blocks',
    ],
    ['chat.postMessage', { channel: 'C1', blocks: [buttonOf({})] }, 'ok'],
    ...(
      [
        [{ text: { type: 'plain_text', text: 'x'.repeat(76) } }, 'text of 76'],
        [{ text: { type: 'mrkdwn', text: 'x' } }, 'a text that is interpreted'],
        [{ action_id: 'x'.repeat(256) }, 'action id of 256'],
        [{ value: 'x'.repeat(2_001) }, 'value of 2,001'],
        [{ url: 'x'.repeat(3_001) }, 'address of 3,001'],
        [{ style: 'loud' }, 'style'],
        [{ confirm: { title: { type: 'plain_text', text: 'x' } } }, 'half a question'],
      ] as const
    ).map(([part]): [string, Record<string, unknown>, string] => [
      'chat.postMessage',
      { channel: 'C1', blocks: [buttonOf(part)] },
      'invalid_blocks',
    ]),
    ['chat.postEphemeral', { channel: 'C1', user: 'U0MONA', text: 'x' }, 'ok'],
    ['chat.postEphemeral', { channel: 'C1', user: 'U0EVE', text: 'x' }, 'user_not_in_channel'],
    ['views.publish', { user_id: 'U0MONA', view: HOME }, 'ok'],
    ['views.publish', { user_id: 'U0MONA', view: HOME, hash: 'old' }, 'hash_conflict'],
    ['views.publish', { user_id: 'U0MONA', view: homeOf(100) }, 'ok'],
    ['views.publish', { user_id: 'U0MONA', view: homeOf(101) }, 'invalid_arguments'],
    ['views.publish', { user_id: 'U0MONA', view: MODAL }, 'invalid_arguments'],
    ['chat.postMessage', { channel: 'C1', text: 'x'.repeat(40_001) }, 'msg_too_long'],
    ['chat.postMessage', { channel: 'C1' }, 'no_text'],
    [
      'chat.postMessage',
      { channel: 'C1', text: 'x', metadata: { event_type: 1 } },
      'invalid_metadata_format',
    ],
    [
      'chat.postMessage',
      { channel: 'C1', text: 'x', thread_ts: '1.000000' },
      'cannot_reply_to_message',
    ],
    ['chat.postMessage', { channel: 'C2', text: 'x' }, 'is_archived'],
    ['chat.postMessage', { channel: 'C3', text: 'x' }, 'not_in_channel'],
    ['chat.postMessage', { channel: 'C4', text: 'x' }, 'channel_not_found'],
    ['chat.update', { channel: 'C1', ts: '1.000000', text: 'x' }, 'message_not_found'],
    ['conversations.history', { channel: 'C1', cursor: 'bad' }, 'invalid_cursor'],
    ['conversations.history', { channel: 'C1', limit: 1_000 }, 'invalid_limit'],
    ['conversations.replies', { channel: 'C1', ts: '1.000000' }, 'thread_not_found'],
    ['users.info', { user: 'U0MONA' }, 'missing_scope'],
    ['apps.connections.open', {}, 'not_allowed_token_type'],
    ['chat.burn', {}, 'unknown_method'],
    ['auth.test', { token: 'xoxb-other' }, 'invalid_auth'],
  ])('%s %#', async (method, parameters, word) => {
    expect(await wordOf(client.apiCall(method, parameters))).toBe(word);
  });

  test('metadata is shown only when asked for; replies are not in the history; pages follow cursors', async () => {
    const metadata = { event_type: 'firebreak_message', event_payload: { key: 'k' } };
    const { ts = '' } = await client.chat.postMessage({ channel: 'C1', text: 'parent', metadata });
    await client.chat.postMessage({ channel: 'C1', text: 'reply', thread_ts: ts });
    const plain = await client.conversations.history({ channel: 'C1', limit: 1 });
    expect(plain.messages).toEqual([expect.objectContaining({ text: 'parent', ts })]);
    expect(plain.messages?.[0]).not.toHaveProperty('metadata');
    const next = plain.response_metadata?.next_cursor ?? '';
    const second = await client.conversations.history({ channel: 'C1', limit: 1, cursor: next });
    expect(second.messages?.[0]?.ts).not.toBe(ts);
    const thread = await client.conversations.replies({
      channel: 'C1',
      ts,
      include_all_metadata: true,
    });
    expect(thread.messages?.map((message) => message.text)).toEqual(['parent', 'reply']);
    expect(thread.messages?.[0]).toMatchObject({ metadata });
  });

  test('a trigger opens one form within 3 s, and a form keeps to the rules', async () => {
    let shiftMs = 0;
    const timed = await createSlackTwin({ now: () => new Date(1_700_000_000_000 + shiftMs) });
    const slack = new WebClient(timed.botToken, {
      slackApiUrl: timed.apiUrl,
      retryConfig: { retries: 0 },
      logLevel: LogLevel.ERROR,
    });
    const open = (triggerId: string, view: typeof MODAL): Promise<string> =>
      wordOf(slack.views.open({ trigger_id: triggerId, view }));
    const type = (triggerId: string): Promise<unknown> =>
      timed
        .sendSlashCommand({ command: '/x', text: '', userId: 'U0MONA', triggerId })
        .catch(() => null);
    await Promise.all([type('t1'), type('t2')]);
    const blocks = Array.from({ length: 101 }, () => ({ type: 'divider' as const }));
    expect(await open('t1', { ...MODAL, blocks })).toBe('invalid_arguments');
    expect(await open('t1', MODAL)).toBe('ok');
    expect(await open('t1', MODAL)).toBe('exchanged_trigger_id');
    shiftMs = 3_001;
    expect(await open('t2', MODAL)).toBe('expired_trigger_id');
    await timed.close();
  });

  test('a refusal for want of a right names it', async () => {
    const refused = client.users.info({ user: 'U0MONA' });
    await expect(refused).rejects.toMatchObject({ data: { needed: 'users:read' } });
  });

  test('each method counts by itself, as its tier says, and messages by their channel', async () => {
    let nowMs = 1_700_000_000_000;
    const limited = await createSlackTwin({
      ...{ limited: true, now: () => new Date(nowMs) },
      channels: ['C1', 'C2'].map((id) => ({ id, name: id })),
    });
    const slack = new WebClient(limited.botToken, {
      ...{ slackApiUrl: limited.apiUrl, retryConfig: { retries: 0 } },
      ...{ rejectRateLimitedCalls: true, logLevel: LogLevel.ERROR },
    });
    const post = (channel: string) => slack.chat.postMessage({ channel, text: 'x' });
    for (let calls = 0; calls < 4; calls += 1) await post('C1');
    await expect(post('C1')).rejects.toMatchObject({ retryAfter: 1 });
    const { ts = '' } = await post('C2');
    const update = () => slack.chat.update({ channel: 'C2', ts, text: 'y' });
    for (let calls = 0; calls < 50; calls += 1) await update();
    await expect(update()).rejects.toMatchObject({ retryAfter: 2 });
    await post('C2');
    nowMs += 1_200;
    await post('C1');
    await update();
    await limited.close();
  });

  test('429 reaches the official client as such', async () => {
    twin.faults.add({
      kind: 'reply',
      reply: { status: 429, body: '', headers: { 'retry-after': '3' } },
    });
    await expect(client.auth.test()).rejects.toBeInstanceOf(WebAPIRateLimitedError);
  });

  test('Socket Mode: hello, an interaction, its ack; a ticket is good for one connection', async () => {
    const open = new WebClient(twin.appToken, { slackApiUrl: twin.apiUrl });
    const { url = '' } = await open.apps.connections.open({});
    await expect(twin.sendInteraction({ type: 'block_actions' })).rejects.toThrow(
      'dispatch_failed',
    );
    const socket = new WebSocket(url);
    const types: string[] = [];
    socket.on('message', (data: Buffer) => {
      const message = socketMessage.parse(JSON.parse(data.toString('utf8')));
      types.push(message.type);
      if (message.envelope_id === undefined) return;
      const payload = { text: 'seen' };
      socket.send(JSON.stringify({ envelope_id: message.envelope_id, payload }));
    });
    await twin.connected();
    expect(await twin.sendInteraction({ type: 'block_actions' })).toEqual({ text: 'seen' });
    expect(types).toEqual(['hello', 'interactive']);
    expect(twin.acks).toHaveLength(1);
    const again = new WebSocket(url);
    const [error]: unknown[] = await once(again, 'error').catch((reason: unknown) => [reason]);
    expect(String(error)).toContain('408');
    socket.close();
  });
});
