import { createServer, request as forward, type IncomingMessage } from 'node:http';
import { connect, type AddressInfo } from 'node:net';
import type { Duplex } from 'node:stream';

/** A running forward proxy. */
export interface ForwardProxy {
  /** `http://127.0.0.1:port`, without a user. */
  readonly url: string;
  /** What went through, in order: `CONNECT host:port` or `GET http://host:port/path`. */
  readonly passed: readonly string[];
  close(): Promise<void>;
}

const DENIED = 'HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n';

function tunnel(request: IncomingMessage, client: Duplex, open: Set<Duplex>): void {
  const [host = '', port = ''] = (request.url ?? '').split(':');
  const onward = connect(Number(port), host, () => {
    client.write('HTTP/1.1 200 Connection Established\r\n\r\n');
    onward.pipe(client);
    client.pipe(onward);
  });
  for (const socket of [client, onward]) {
    open.add(socket);
    socket.on('error', () => undefined);
    socket.once('close', () => {
      open.delete(socket);
      client.destroy();
      onward.destroy();
    });
  }
}

/** An HTTP proxy on 127.0.0.1 that lets in who brings `user` as a basic credential, or everybody without one. */
export async function startForwardProxy(user?: {
  readonly name: string;
  readonly password: string;
}): Promise<ForwardProxy> {
  const passed: string[] = [];
  const open = new Set<Duplex>();
  const pair = user === undefined ? '' : `${user.name}:${user.password}`;
  const wanted = `Basic ${Buffer.from(pair).toString('base64')}`;
  const admits = (request: IncomingMessage): boolean =>
    user === undefined || request.headers['proxy-authorization'] === wanted;
  const server = createServer((request, response) => {
    if (!admits(request)) {
      response.writeHead(407).end();
      return;
    }
    passed.push(`${request.method ?? ''} ${request.url ?? ''}`);
    const headers = Object.fromEntries(
      Object.entries(request.headers).filter(([name]) => name !== 'proxy-authorization'),
    );
    const url = new URL(request.url ?? '');
    const onward = forward(url, { method: request.method ?? 'GET', headers }, (answer) => {
      response.writeHead(answer.statusCode ?? 502, answer.headers);
      answer.pipe(response);
    });
    onward.on('error', () => response.destroy());
    request.pipe(onward);
  });
  server.on('connect', (request, client: Duplex) => {
    if (!admits(request)) {
      client.end(DENIED);
      return;
    }
    passed.push(`CONNECT ${request.url ?? ''}`);
    tunnel(request, client, open);
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(0, '127.0.0.1', resolve);
  });
  const address: AddressInfo | string | null = server.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  return {
    url: `http://127.0.0.1:${port.toString()}`,
    passed,
    close: () => {
      for (const socket of open) socket.destroy();
      server.closeAllConnections();
      return new Promise((resolve) => {
        server.close(() => {
          resolve();
        });
      });
    },
  };
}
