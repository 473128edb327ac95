// Goal: over HTTP the same happens as over the socket, and only for what Slack signed just now.
// Method: the API's real server with Bolt behind its route; the twin posts to it as Slack does, then single changes of one request.
import { createHmac } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { createTestApi } from '../../api/test-api.ts';
import type { Memory } from '../../api/test-memory.ts';
import { startSlackInbound } from '../../api/slack/inbound.ts';
import { createSlackTwin, type SlackTwin } from '../../lab/slack/twin.ts';
import { ENTRY, putMember } from './stage.ts';

const SECRET = '0123456789abcdef0123456789abcdef';
const log = { info: () => undefined, warn: () => undefined };

let twin: SlackTwin;
let memory: Memory;
let url: string;
let close: () => Promise<void>;

beforeAll(async () => {
  twin = await createSlackTwin();
  const given = createTestApi();
  ({ memory } = given);
  putMember(memory, 'mona', { slackUser: 'T0LAB/U0MONA', roles: ['responder'] });
  const { botToken, apiUrl } = twin;
  const inbound = startSlackInbound({
    ...{ botToken, apiUrl, log, way: { kind: 'http', signingSecret: SECRET } },
    desk: { ...given.dependencies, inventory: () => [ENTRY], channel: 'C0INCIDENTS' },
  });
  await given.app.close();
  const { app } = createTestApi({
    store: given.dependencies.store,
    clock: () => new Date(),
    ...(inbound.requests === null ? {} : { slack: inbound.requests }),
  });
  url = `${await app.listen({ host: '127.0.0.1', port: 0 })}/api/v1/slack`;
  twin.useRequestUrl({ url, signingSecret: SECRET });
  close = async () => {
    await inbound.stop();
    await app.close();
    await twin.close();
  };
});
afterAll(() => close());

const MONA = { command: '/firebreak', userId: 'U0MONA' };

describe('requests of Slack', () => {
  const signed = (body: string, secret = SECRET, seconds = 0) => {
    const timestamp = Math.floor(Date.now() / 1000 + seconds).toString();
    const digest = createHmac('sha256', secret).update(`v0:${timestamp}:${body}`).digest('hex');
    return {
      'content-type': 'application/json',
      'x-slack-request-timestamp': timestamp,
      'x-slack-signature': `v0=${digest}`,
    };
  };
  const post = (headers: Record<string, string>, body: string): Promise<Response> =>
    fetch(url, { method: 'POST', headers, body });

  test('a command, delivered twice, opens one incident and is answered in the same response', async () => {
    const command = { ...MONA, text: 'open it drifts', triggerId: 't1' };
    expect(await twin.sendSlashCommand(command)).toMatchObject({
      response_type: 'ephemeral',
      text: expect.stringContaining('Opened #1 it drifts'),
    });
    await twin.sendSlashCommand(command);
    expect(memory.requests.size).toBe(1);
  });

  test('what somebody recorded and sends again within five minutes is the same row', async () => {
    const before = memory.requests.size;
    const body = new URLSearchParams({
      ...{ command: '/firebreak', text: 'open it leaks', trigger_id: 'recorded' },
      ...{ team_id: 'T0LAB', user_id: 'U0MONA', response_url: `${twin.url}/commands/x` },
    }).toString();
    const headers = { ...signed(body), 'content-type': 'application/x-www-form-urlencoded' };
    const answers = [await post(headers, body), await post(headers, body)];
    expect(answers.map(({ status }) => status)).toEqual([200, 200]);
    expect(memory.requests.size).toBe(before + 1);
  });

  test('a form opens, offers choices and is carried out', async () => {
    const before = memory.requests.size;
    expect(await twin.sendSlashCommand({ ...MONA, text: 'open' })).toEqual({});
    const viewId = twin.views()[0]?.id ?? '';
    const { userId } = MONA;
    const choices = await twin.suggest({ userId, viewId, actionId: 'suspect', value: 'model' });
    expect(JSON.stringify(choices)).toContain('model fraud-scorer');
    const said = await twin.submit({ userId, viewId, values: { what: 'x' }, deliveries: 2 });
    expect(said).toMatchObject({ response_action: 'update' });
    expect(memory.requests.size).toBe(before + 1);
  });

  const CHALLENGE = '{"type":"url_verification","challenge":"c1"}';

  test('the address is proved once by its challenge', async () => {
    const reply = await post(signed(CHALLENGE), CHALLENGE);
    expect([reply.status, await reply.json()]).toEqual([200, { challenge: 'c1' }]);
  });

  test.each<[string, () => Record<string, string>, string, number]>([
    ['unsigned', () => ({ 'content-type': 'application/json' }), CHALLENGE, 401],
    ['signed by another', () => signed(CHALLENGE, 'f'.repeat(32)), CHALLENGE, 401],
    ['signed for another body', () => signed('{}'), CHALLENGE, 401],
    ['signed too long ago', () => signed(CHALLENGE, SECRET, -301), CHALLENGE, 401],
    ['signed too far ahead', () => signed(CHALLENGE, SECRET, 302), CHALLENGE, 401],
    ['no JSON', () => signed('{'), '{', 400],
    ['no object', () => signed('[]'), '[]', 400],
    ['of a kind that nobody listens to', () => signed('{"type":"x"}'), '{"type":"x"}', 404],
    ['of another media type', () => ({ ...signed('x'), 'content-type': 'text/plain' }), 'x', 415],
  ])('%s', async (...[, headers, body, status]) => {
    const before = [memory.requests.size, memory.decisions.size];
    expect((await post(headers(), body)).status).toBe(status);
    expect([memory.requests.size, memory.decisions.size]).toEqual(before);
  });
});
