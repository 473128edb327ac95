import { createServer } from 'node:net';
import { AppError } from '../../domain/error.ts';

const HOST = '127.0.0.1';

async function bind(port: number): Promise<number | null> {
  const server = createServer();
  const bound = await new Promise<boolean>((resolve) => {
    server.once('error', () => {
      resolve(false);
    });
    server.listen({ host: HOST, port, exclusive: true }, () => {
      resolve(true);
    });
  });
  if (!bound) return null;
  const address = server.address();
  await new Promise<void>((resolve) => {
    server.close(() => {
      resolve();
    });
  });
  return typeof address === 'object' && address !== null ? address.port : null;
}

/**
 * A free loopback port: `preferred` when nobody has it, else any. Another program may take it in
 * the meantime, so a start on it may still fail. Raises `unavailable` when no port is free.
 */
export async function freePort(preferred?: number): Promise<number> {
  const wanted = preferred === undefined ? null : await bind(preferred);
  const port = wanted ?? (await bind(0));
  if (port === null) throw new AppError('unavailable', 'No loopback port is free.');
  return port;
}
