import type { ServerResponse } from 'node:http';
import type { Damage } from './fault.ts';
import type { WireReply } from './twin.ts';

/** Rest between two bytes of a dripping body: short silences, and no end within a test's patience. */
const DRIP_MS = 20;

/** Byte by byte until the other side has enough. */
function drip(response: ServerResponse, bytes: Buffer): void {
  let sent = 0;
  const timer = setInterval(() => {
    if (sent < bytes.byteLength) response.write(bytes.subarray(sent, (sent += 1)));
    else response.end();
  }, DRIP_MS);
  response.once('close', () => {
    clearInterval(timer);
  });
}

/** Sends an answer so that it does not arrive whole; an empty one announces more than comes. */
export function sendDamaged(response: ServerResponse, reply: WireReply, damage: Damage): void {
  const bytes = Buffer.from(reply.bytes);
  const length = damage === 'unended' ? {} : { 'content-length': Math.max(bytes.byteLength, 2) };
  response.writeHead(reply.status, { ...reply.headers, ...length });
  if (damage === 'dripping') {
    drip(response, bytes);
    return;
  }
  response.write(bytes.subarray(0, Math.ceil(bytes.byteLength / 2)), () => {
    if (damage === 'half-closed') response.socket?.end();
    else if (damage !== 'stalled') response.socket?.destroySoon();
  });
}
