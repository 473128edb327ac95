import { connect } from 'node:net';
import type { Reply } from './reply.ts';

/** Bytes after which a sender that is not answered gives up. */
const STREAMED_BYTES_MAX = 256 * 1024 * 1024;

/** Sends bytes as they are and answers what comes back until the server closes; `leave` half-closes first. */
export async function sendBytes(
  port: number,
  bytes: string | Buffer,
  leave = false,
): Promise<string> {
  const socket = connect(port, '127.0.0.1');
  const chunks: Buffer[] = [];
  socket.on('data', (chunk: Buffer) => chunks.push(chunk));
  // A reset is an answer as well: what came before it counts.
  socket.on('error', () => undefined);
  socket.write(bytes);
  if (leave) socket.end();
  await new Promise((resolve) => socket.once('close', resolve));
  return Buffer.concat(chunks).toString('latin1');
}

/**
 * Sends a head and then one chunk again and again, as fast as they are taken, until the server closes. Answers what
 * came back, and how many bytes the socket took.
 */
export async function streamBytes(
  port: number,
  head: string,
  chunk: Buffer,
): Promise<{ readonly text: string; readonly sent: number }> {
  const socket = connect(port, '127.0.0.1');
  const chunks: Buffer[] = [];
  let sent = 0;
  const fill = (): void => {
    while (!socket.destroyed && sent < STREAMED_BYTES_MAX) {
      sent += chunk.byteLength;
      if (!socket.write(chunk)) return;
    }
    socket.destroy();
  };
  socket.on('data', (received: Buffer) => chunks.push(received));
  socket.on('error', () => undefined);
  socket.on('drain', fill);
  socket.write(head);
  fill();
  await new Promise((resolve) => socket.once('close', resolve));
  return { text: Buffer.concat(chunks).toString('latin1'), sent };
}

/** The first final answer in what came back; status 0 when there was none. */
export function firstReply(received: string): Reply {
  const text = received.replace(/^HTTP\/1\.1 100 Continue\r\n\r\n/, '');
  const [head = '', ...rest] = text.split('\r\n\r\n');
  const [line = '', ...lines] = head.split('\r\n');
  const headers = lines.map((one) => {
    const at = one.indexOf(':');
    return [one.slice(0, at).toLowerCase(), one.slice(at + 1).trim()] as const;
  });
  const length = headers.find(([name]) => name === 'content-length')?.[1];
  return {
    status: Number(line.split(' ')[1] ?? 0),
    headers: Object.fromEntries(headers),
    text: rest.join('\r\n\r\n').slice(0, length === undefined ? undefined : Number(length)),
  };
}
