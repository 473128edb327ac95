import { once } from 'node:events';
import { request, type IncomingMessage } from 'node:http';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { as, createTestApi, factOf } from './test-api.ts';

// Goal: a reader of the event stream misses nothing and sees nothing twice, over a broken connection too; streams
// end with the server. Method: real connections to a listening server over a store in memory.

let given: ReturnType<typeof createTestApi>;
let open: IncomingMessage[] = [];
beforeEach(async () => {
  given = createTestApi({ limits: { heartbeatMs: 20, streams: 2, stopMs: 60_000 } });
  await given.app.listen({ host: '127.0.0.1', port: 0 });
});
afterEach(async () => {
  for (const one of open) one.destroy();
  open = [];
  await given.app.close();
});

function portOf(): number {
  const address = given.app.server.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  return address.port;
}

async function connect(headers: Readonly<Record<string, string>> = {}): Promise<IncomingMessage> {
  const sent = request({
    host: '127.0.0.1',
    port: portOf(),
    path: '/api/v1/incidents/inc_1/events',
    headers: { ...as('viewer'), ...headers },
    agent: false,
  });
  sent.on('error', () => undefined);
  const response = await new Promise<IncomingMessage>((resolve) => {
    sent.once('response', resolve);
    sent.end();
  });
  response.setEncoding('utf8');
  open.push(response);
  return response;
}

/** Reads until the text holds what is expected; the stream itself says when there is more. */
async function readUntil(response: IncomingMessage, holds: (text: string) => boolean) {
  let text = '';
  for await (const chunk of response.iterator({ destroyOnReturn: false })) {
    text += String(chunk);
    if (holds(text)) return text;
  }
  return text;
}

const idsOf = (text: string) => [...text.matchAll(/^id: (\d+)$/gm)].map(([, id]) => Number(id));

describe('event stream', () => {
  test('what is there comes first, then what is appended, each once and in order', async () => {
    given.memory.facts.push(factOf(1), factOf(2));
    const response = await connect();
    expect(response.headers['content-type']).toContain('text/event-stream');
    expect(response.headers['x-content-type-options']).toBe('nosniff');
    const first = await readUntil(response, (text) => idsOf(text).length === 2);
    given.memory.facts.push(factOf(3));
    for (const notify of given.memory.listeners) notify('inc_1');
    const second = await readUntil(response, (text) => idsOf(text).length === 1);
    expect([...idsOf(first), ...idsOf(second)]).toEqual([1, 2, 3]);
  });

  test('it goes on after Last-Event-ID', async () => {
    for (let n = 1; n <= 250; n += 1) given.memory.facts.push(factOf(n));
    const response = await connect({ 'last-event-id': '120' });
    const text = await readUntil(response, (sofar) => idsOf(sofar).length >= 130);
    expect(idsOf(text)).toEqual(Array.from({ length: 130 }, (_, index) => 121 + index));
  });

  test('a fact whose notification was lost comes with the next heartbeat', async () => {
    const response = await connect();
    await readUntil(response, (text) => text.includes(': heartbeat'));
    given.memory.facts.push(factOf(1));
    expect(idsOf(await readUntil(response, (text) => idsOf(text).length > 0))).toEqual([1]);
  });

  test('hostile text of a fact forges no event', async () => {
    given.memory.facts.push(factOf(1));
    const response = await connect();
    const text = await readUntil(response, (sofar) => sofar.includes(': heartbeat'));
    expect(idsOf(text)).toEqual([1]);
  });

  test.each(['x', '-1', '1.5', '9'.repeat(20)])('Last-Event-ID %s is refused', async (id) => {
    expect((await connect({ 'last-event-id': id })).statusCode).toBe(400);
  });

  test('streams are bounded, and a place is free again when a reader leaves', async () => {
    const first = await connect();
    await connect();
    expect((await connect()).statusCode).toBe(503);
    first.destroy();
    await once(first, 'close');
    let status = 503;
    for (let attempt = 0; attempt < 100 && status === 503; attempt += 1) {
      status = (await connect()).statusCode ?? 0;
    }
    expect(status).toBe(200);
  });

  test('a stopping server ends its streams', async () => {
    const response = await connect();
    const ended = readUntil(response, () => false);
    await given.app.close();
    expect(await ended).toContain('retry: 1000');
    expect(given.memory.listeners.size).toBe(0);
  });
});
