// Goal: a full disk and a taken port are told before a start fails over them. Method: real sockets on this machine.
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { afterEach, expect, test } from '@jest/globals';
import { checkDisk, checkPort } from './check-machine.ts';

const HOST = '127.0.0.1';
let server: Server | undefined;

afterEach(() => {
  server?.close();
  server = undefined;
});

async function listen(body: string): Promise<number> {
  const opened = createServer((_request, response) => response.end(body));
  server = opened;
  await new Promise<void>((resolve) => {
    opened.listen(0, HOST, resolve);
  });
  const address: AddressInfo | string | null = opened.address();
  return typeof address === 'object' && address !== null ? address.port : 0;
}

test('a free port is free, and is left free', async () => {
  const port = await listen('');
  await new Promise((resolve) => server?.close(resolve));
  expect((await checkPort(HOST, port)).ok).toBe(true);
  expect((await checkPort(HOST, port)).detail).toContain('is free');
});

test.each([
  ['a Firebreak', '{"version":"0.1.0"}', true, null],
  ['another program', '<html>', false, 'Stop what listens there, or choose another with --port'],
])('a port that %s has is told', async (_name, body, ...expected) => {
  const [ok, fix] = expected;
  const finding = await checkPort(HOST, await listen(body));
  expect(finding.ok).toBe(ok);
  if (fix !== null) expect(finding.fix).toContain(fix);
});

test('an address that is not ours cannot be listened on', async () => {
  expect(await checkPort('192.0.2.1', 7400)).toMatchObject({ name: 'port', ok: false });
});

test('the disk is measured', async () => {
  expect((await checkDisk(tmpdir())).detail).toMatch(/^\d+ MiB free for /);
});
