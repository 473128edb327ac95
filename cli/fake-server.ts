import { createServer, type IncomingMessage } from 'node:http';

/** A request that the fake server was sent. */
export interface SeenRequest {
  readonly method: string;
  readonly path: string;
  readonly headers: IncomingMessage['headers'];
  readonly body: string;
}

/** What the fake server answers to a request. */
export interface FakeReply {
  readonly status: number;
  readonly body: unknown;
}

/** A server of canned answers for tests of the CLI; it knows nothing of the API's code. */
export interface FakeServer {
  readonly url: string;
  readonly seen: readonly SeenRequest[];
  close(): Promise<void>;
}

async function bodyOf(request: IncomingMessage): Promise<string> {
  let text = '';
  request.setEncoding('utf8');
  for await (const chunk of request) text += String(chunk);
  return text;
}

/** Starts a server on a free port that answers by `METHOD /path`; what is not listed is a 404 problem. */
export async function startFakeServer(
  replies: Readonly<Record<string, FakeReply>>,
): Promise<FakeServer> {
  const seen: SeenRequest[] = [];
  const server = createServer((request, response) => {
    void (async () => {
      const { method = '', url = '', headers } = request;
      const path = url.split('?')[0] ?? '';
      seen.push({ method, path: url, headers, body: await bodyOf(request) });
      const reply = replies[`${method} ${path}`] ?? problem(404, 'not_found', 'Nothing is here.');
      const raw = typeof reply.body === 'string';
      response.writeHead(reply.status, {
        'content-type': raw ? 'text/plain' : 'application/json',
        connection: 'close',
      });
      response.end(typeof reply.body === 'string' ? reply.body : JSON.stringify(reply.body));
    })();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  return {
    url: `http://127.0.0.1:${address.port.toString()}`,
    seen,
    close: () =>
      new Promise((resolve) => {
        server.close(() => {
          resolve();
        });
        server.closeAllConnections();
      }),
  };
}

/** A problem document as the API writes it. */
export function problem(status: number, code: string, detail: string): FakeReply {
  return {
    status,
    body: {
      type: `urn:firebreak:problem:${code}`,
      title: code,
      status,
      detail,
      code,
      field: null,
      permission: null,
      requestId: 'req-1',
    },
  };
}
