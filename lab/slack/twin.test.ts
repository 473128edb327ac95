// Goal: Slack's own clients run against the twin unmodified, and it refuses what Slack refuses.
// Method: the official Web API client, a plain WebSocket, one table of calls and error words (Bolt runs in api/slack.test.ts).
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
const DIVIDERS = Array.from({ length: 51 }, () => ({ type: 'divider' }));

describe('slack twin', () => {
  test.each<[string, Record<string, unknown>, string]>([
    ['auth.test', {}, 'ok'],
    ['chat.postMessage', { channel: 'C1', text: 'x' }, 'ok'],
    ['chat.postMessage', { channel: 'C1', blocks: DIVIDERS.slice(0, 50) }, 'ok'],
    ['chat.postMessage', { channel: 'C1', blocks: DIVIDERS }, 'invalid_blocks'],
    ['chat.postMessage', { channel: 'C1', blocks: 'none' }, 'invalid_blocks_format'],
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
