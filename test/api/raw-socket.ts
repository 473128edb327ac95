import { connect } from 'node:net';

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
