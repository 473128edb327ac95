import { request as forward } from 'node:http';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { TLSSocket } from 'node:tls';
import { z } from 'zod';
import { issueCertificate, type Authority } from './certificate.ts';

/** A running TLS front. */
export interface TlsFront {
  readonly url: string;
  /** Common names of the clients seen, one per request; empty for a client without a certificate. */
  readonly clients: readonly string[];
  close(): Promise<void>;
}

const peerCertificate = z.looseObject({ subject: z.looseObject({ CN: z.string() }) });

/** The common name of a client whose certificate the authority signed; empty for others. */
function clientOf(socket: unknown): string {
  if (!(socket instanceof TLSSocket) || !socket.authorized) return '';
  // Without a client certificate Node answers an empty object, and a resumed session counts as authorized.
  const parsed = peerCertificate.safeParse(socket.getPeerCertificate());
  return parsed.success ? parsed.data.subject.CN : '';
}

/**
 * A TLS server on 127.0.0.1 before a twin that speaks plain HTTP. A client certificate of `authority` is let in as the
 * holder of the bearer token that `tokens` has for its common name; other requests are handed on as they came.
 */
export async function startTlsFront(options: {
  readonly twinUrl: string;
  readonly authority: Authority;
  readonly tokens: Readonly<Record<string, string>>;
}): Promise<TlsFront> {
  const { authority, tokens, twinUrl } = options;
  const clients: string[] = [];
  const own = issueCertificate(authority, 'lab');
  const tls = { ...own, ca: authority.cert, requestCert: true, rejectUnauthorized: false };
  const server = createServer(tls, (request, response) => {
    const client = clientOf(request.socket);
    clients.push(client);
    const token = tokens[client];
    const headers = {
      ...request.headers,
      ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
    };
    const url = new URL(request.url ?? '/', twinUrl);
    const onward = forward(url, { method: request.method ?? 'GET', headers }, (answer) => {
      response.writeHead(answer.statusCode ?? 502, answer.headers);
      answer.pipe(response);
    });
    onward.on('error', () => response.destroy());
    request.pipe(onward);
  });
  server.listen(0, '127.0.0.1');
  await new Promise<void>((resolve, reject) => {
    server.once('listening', resolve);
    server.once('error', reject);
  });
  const address: AddressInfo | string | null = server.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  return {
    url: `https://127.0.0.1:${port.toString()}`,
    clients,
    close: () => {
      server.closeAllConnections();
      return new Promise((resolve) =>
        server.close(() => {
          resolve();
        }),
      );
    },
  };
}
