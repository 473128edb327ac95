import { once } from 'node:events';
import { statfs } from 'node:fs/promises';
import { createServer } from 'node:net';
import { Agent, request } from 'undici';
import { bad, check, good, type Check } from './finding.ts';

const MEBIBYTE = 1024 * 1024;
/** Below this the servers of an embedded installation stop writing within days, and evidence has no room. */
const FREE_BYTES_MIN = 1024 * MEBIBYTE;

/** Room for evidence and for the embedded servers on the disk of a folder that exists. */
export async function checkDisk(folder: string): Promise<Check> {
  const { bavail, bsize } = await statfs(folder);
  const free = bavail * bsize;
  const detail = `${Math.floor(free / MEBIBYTE).toString()} MiB free for ${folder}`;
  return free >= FREE_BYTES_MIN
    ? good('disk', detail)
    : bad('disk', detail, 'Make room (1024 MiB at least), or name another disk with --data-dir.');
}

async function listens(host: string, port: number): Promise<void> {
  const server = createServer();
  server.listen(port, host);
  await once(server, 'listening');
  server.close();
  await once(server, 'close');
}

/** Whether the port is free, or taken by a Firebreak: who listens there is asked for `/healthz`. */
export async function checkPort(
  host: string,
  port: number,
  scheme: 'http' | 'https' = 'http',
): Promise<Check> {
  const name = 'port';
  const address = `${host}:${port.toString()}`;
  const fix = 'Stop what listens there, or choose another with --port or PORT.';
  const free = await check(name, fix, async () => {
    await listens(host, port);
    return port === 0 ? 'a free one is taken at the start' : `${address} is free`;
  });
  if (free.ok) return free;
  const plain = host === '0.0.0.0' || host === '::' ? '127.0.0.1' : host;
  return (await isFirebreak(`${scheme}://${plain}:${port.toString()}`))
    ? good(name, `a Firebreak listens on ${address}`)
    : bad(name, `${address} cannot be listened on: ${free.detail}`, fix);
}

const ANSWER_WITHIN_MS = 2_000;

async function isFirebreak(url: string): Promise<boolean> {
  // Only who is there is asked, and nothing told: the certificate is for the name that people open, not for this address.
  const dispatcher = new Agent({ connect: { rejectUnauthorized: false } });
  try {
    const signal = AbortSignal.timeout(ANSWER_WITHIN_MS);
    const { statusCode, body } = await request(`${url}/version`, { signal, dispatcher });
    const said: unknown = await body.json();
    return statusCode === 200 && typeof said === 'object' && said !== null && 'version' in said;
  } catch {
    return false;
  } finally {
    await dispatcher.destroy();
  }
}
