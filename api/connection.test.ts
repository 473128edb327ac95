import { once } from 'node:events';
import { connect, type AddressInfo } from 'node:net';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { createTestApi } from './test-api.ts';

// Goal: bytes that are no proper HTTP request are refused in bounded time, in our words, and store nothing.
// Method: raw sockets to a listening server, one table row per trick.

let given: ReturnType<typeof createTestApi>;
beforeEach(async () => {
  given = createTestApi({ limits: { requestMs: 300, webhookBytes: 1000 } });
  await given.app.listen({ host: '127.0.0.1', port: 0 });
});
afterEach(() => given.app.close());

function addressOf(address: string | AddressInfo | null): AddressInfo {
  if (address === null || typeof address === 'string') throw new Error('no port');
  return address;
}

/** Sends bytes and answers everything that comes back until the server closes. */
async function exchange(request: string, leave = false): Promise<string> {
  const { port } = addressOf(given.app.server.address());
  const socket = connect(port, '127.0.0.1');
  const chunks: Buffer[] = [];
  socket.on('data', (chunk: Buffer) => chunks.push(chunk));
  socket.on('error', () => undefined);
  socket.write(request);
  if (leave) socket.end();
  await once(socket, 'close');
  return Buffer.concat(chunks).toString('utf8');
}

const HEAD =
  'POST /api/v1/alerts/alertmanager HTTP/1.1\r\nhost: x\r\nauthorization: Bearer good\r\nconnection: close\r\n';
const JSON_HEAD = `${HEAD}content-type: application/json\r\n`;

describe('connections', () => {
  test.each([
    ['no HTTP at all', 'hello\r\n\r\n', 400],
    [
      'length and chunks at once',
      `${JSON_HEAD}content-length: 2\r\ntransfer-encoding: chunked\r\n\r\n{}`,
      400,
    ],
    ['two lengths', `${JSON_HEAD}content-length: 2\r\ncontent-length: 3\r\n\r\n{}`, 400],
    ['a length that is no number', `${JSON_HEAD}content-length: -1\r\n\r\n`, 400],
    [
      'two content types',
      `${JSON_HEAD}content-type: text/plain\r\ncontent-length: 2\r\n\r\n{}`,
      415,
    ],
    [
      'two credentials',
      `${JSON_HEAD}authorization: Bearer bad\r\ncontent-length: 2\r\n\r\n{}`,
      401,
    ],
    ['a huge header', `${JSON_HEAD}x: ${'a'.repeat(20_000)}\r\n\r\n`, 431],
    ['a length beyond the limit', `${JSON_HEAD}content-length: 5000000000\r\n\r\n`, 413],
    [
      'chunks beyond the limit',
      `${JSON_HEAD}transfer-encoding: chunked\r\n\r\n5DC\r\n${'a'.repeat(1500)}\r\n0\r\n\r\n`,
      413,
    ],
    ['a line break in a header', `${JSON_HEAD}x: a\nb\r\ncontent-length: 2\r\n\r\n{}`, 400],
  ])('%s', async (_name, request, status) => {
    const reply = await exchange(request);
    expect(reply.split('\r\n', 1)[0]).toContain(` ${status.toString()} `);
    expect(reply).toContain('application/problem+json');
    expect(given.memory.deliveries).toHaveLength(0);
  });

  test('a body that never ends is cut off', async () => {
    const reply = await exchange(`${JSON_HEAD}transfer-encoding: chunked\r\n\r\n1\r\n{\r\n`);
    expect(reply).toContain(' 408 ');
    expect(given.memory.deliveries).toHaveLength(0);
  });

  test('a server that stops does not wait for ever for a body that never ends', async () => {
    const other = createTestApi({ limits: { stopMs: 50, requestMs: 60_000 } });
    await other.app.listen({ host: '127.0.0.1', port: 0 });
    const socket = connect(addressOf(other.app.server.address()).port, '127.0.0.1');
    socket.on('error', () => undefined);
    socket.write(`${JSON_HEAD}content-length: 100\r\n\r\n{`);
    await once(other.app.server, 'request');
    const closed = once(socket, 'close');
    await other.app.close();
    await closed;
    expect(other.memory.deliveries).toHaveLength(0);
  });

  test('a body shorter than announced stores nothing', async () => {
    await exchange(`${JSON_HEAD}content-length: 100\r\n\r\n{}`, true);
    expect(given.memory.deliveries).toHaveLength(0);
  });
});
