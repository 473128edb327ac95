import { once } from 'node:events';
import { createServer } from 'node:net';
import { afterEach, expect, test } from '@jest/globals';
import { createGatheringSocket } from './gathering-socket.ts';

const closers: (() => void)[] = [];
afterEach(() => {
  for (const close of closers.splice(0)) close();
});

test('what one turn sends leaves in one write, in order, and the next turn in its own', async () => {
  const server = createServer((peer) => peer.pipe(peer)).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  const socket = createGatheringSocket();
  closers.push(
    () => socket.destroy(),
    () => server.close(),
  );
  if (address === null || typeof address === 'string') throw new Error('no port');
  socket.connect(address.port, '127.0.0.1');
  await once(socket, 'connect');
  const writes: string[] = [];
  const flush = socket._writev?.bind(socket);
  socket._writev = (chunks, done) => {
    writes.push(chunks.map(({ chunk }) => String(chunk)).join(''));
    flush?.(chunks, done);
  };
  const statement = (text: string): void => {
    socket.cork();
    for (const part of text) socket.write(part);
    socket.uncork();
  };
  statement('one');
  await Promise.resolve();
  statement('two');
  expect(writes).toEqual([]);
  expect(String(await once(socket, 'data'))).toBe('onetwo');
  statement('three');
  expect(String(await once(socket, 'data'))).toBe('three');
  expect(writes).toEqual(['onetwo', 'three']);
});
