import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';
import type { Closers } from '../closers.ts';

/** A door to a server, for a process that shall lose sight of it. */
export interface Gate {
  readonly address: string;
  /** From now on nothing gets through; nobody is told. */
  shut(): void;
  /** Those who come from now on get through. */
  open(): void;
}

/** Opens a gate on a free port in front of `address`. */
export async function openGate(closers: Closers, address: string): Promise<Gate> {
  const [host = '', port = ''] = address.split(':');
  const sockets = new Set<Socket>();
  let isShut = false;
  const join = (from: Socket, to: Socket): void => {
    sockets.add(from);
    from.on('error', () => to.destroy());
    from.on('close', () => {
      sockets.delete(from);
      to.destroy();
    });
    if (!isShut) from.pipe(to);
  };
  const server = createServer((near) => {
    const far = connect({ host, port: Number(port) });
    join(near, far);
    join(far, near);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  closers.push(() => {
    server.close();
    for (const socket of sockets) socket.destroy();
    return Promise.resolve();
  });
  const bound = server.address();
  const own = typeof bound === 'object' && bound !== null ? bound.port : 0;
  return {
    address: `127.0.0.1:${own.toString()}`,
    shut: () => {
      isShut = true;
      for (const socket of sockets) socket.unpipe();
    },
    open: () => {
      isShut = false;
    },
  };
}
