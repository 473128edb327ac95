import { pipeline, type Readable, type Transform } from 'node:stream';
import { createBrotliDecompress, createGunzip, createInflate } from 'node:zlib';
import { Agent, ProxyAgent, request, type Dispatcher } from 'undici';

/** What a TLS connection needs beyond the defaults. An own `ca` is trusted in place of the public authorities. */
export interface Tls {
  readonly ca?: string | Buffer;
  readonly cert?: string | Buffer;
  readonly key?: string | Buffer;
  readonly servername?: string;
  readonly rejectUnauthorized?: boolean;
}

/** A request as it goes out. */
export interface HttpRequest {
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  readonly headers: Headers;
  readonly body?: Uint8Array;
  readonly signal: AbortSignal;
}

/** What came back: a redirect is an answer as well. */
export interface HttpAnswer {
  readonly status: number;
  /** True for 200 to 299. */
  readonly ok: boolean;
  readonly headers: Headers;
  /** The body without its encoding. Read it to its end, or stop: what is left open holds a connection. */
  readonly body: AsyncIterable<Uint8Array>;
}

/** Sends one request; raises what the socket said, or the reason of the signal. */
export type Send = (url: URL, request: HttpRequest) => Promise<HttpAnswer>;

/** Connections that know an authority, a client certificate and a proxy. */
export interface Transport {
  /** What the connections from now on are made with. */
  use(tls: Tls): void;
  readonly send: Send;
  close(): Promise<void>;
}

/** Encodings that are asked for, and those beside them that a server may use unasked. */
const ENCODINGS_WANTED = 'gzip, deflate';
const DECODERS: ReadonlyMap<string, () => Transform> = new Map<string, () => Transform>([
  ['gzip', createGunzip],
  ['x-gzip', createGunzip],
  ['deflate', createInflate],
  ['br', createBrotliDecompress],
]);
const BODILESS: readonly number[] = [204, 304];

/** The body as it was before it was encoded; one that is encoded in an unknown way stays as it is. */
function decoded(body: Readable, encoding: string | null): AsyncIterable<Uint8Array> {
  const makers = (encoding ?? '')
    .toLowerCase()
    .split(',')
    .map((name) => DECODERS.get(name.trim()));
  return makers.reduceRight<Readable>(
    (stream, make) =>
      // What goes wrong is raised where the last stream is read.
      make === undefined ? stream : pipeline(stream, make(), () => undefined),
    body,
  );
}

/** Headers as they came; of one that came twice both values. */
function headersOf(raw: Dispatcher.ResponseData['headers']): Headers {
  const headers = new Headers();
  for (const [name, value] of Object.entries(raw)) {
    for (const one of [value ?? []].flat()) headers.append(name, one);
  }
  return headers;
}

/** Sends over a dispatcher; by default over one that this whole process shares. Several times cheaper than `fetch`. */
export function sendOver(dispatcher?: Dispatcher): Send {
  const place = dispatcher === undefined ? {} : { dispatcher };
  return async (url, { method, headers, body = null, signal }) => {
    // A plain object: the proxy's agent copies no other kind of headers.
    const sent = { ...Object.fromEntries(headers), 'accept-encoding': ENCODINGS_WANTED };
    const answer = await request(url, { ...place, method, headers: sent, body, signal });
    const { statusCode: status } = answer;
    const found = headersOf(answer.headers);
    const encoding = BODILESS.includes(status) ? null : found.get('content-encoding');
    const ok = status >= 200 && status < 300;
    return { status, ok, headers: found, body: decoded(answer.body, encoding) };
  };
}

/** The address of a proxy without its user, and the header that proves that user. */
function proxyOf(address: string): { readonly uri: string; readonly token?: string } {
  const url = new URL(address);
  const { username, password } = url;
  url.username = '';
  url.password = '';
  if (username === '') return { uri: url.href };
  const pair = `${decodeURIComponent(username)}:${decodeURIComponent(password)}`;
  return { uri: url.href, token: `Basic ${Buffer.from(pair).toString('base64')}` };
}

function agentOf(tls: Tls, proxy: string | undefined): Dispatcher {
  if (proxy === undefined) return new Agent({ connect: tls });
  // Plain HTTP goes through the proxy as it is: most proxies tunnel to the TLS port only.
  // Our certificate and the expected name are for the system behind the proxy, not for the proxy.
  const proxyTls = tls.ca === undefined ? {} : { ca: tls.ca };
  return new ProxyAgent({ ...proxyOf(proxy), requestTls: tls, proxyTls, proxyTunnel: false });
}

/**
 * A transport, through `proxy` (`http://` or `https://`, with user and password when it wants them) when one is given.
 * `close` ends what is under way.
 */
export function createTransport(proxy?: string): Transport {
  // The newest last. A certificate that was renewed replaces an agent under which requests may be on their way, so one
  // earlier agent stays; those before it are closed when their requests have ended.
  const agents: { readonly key: string; readonly agent: Dispatcher }[] = [];
  const use = (tls: Tls): void => {
    const key = JSON.stringify(tls);
    if (agents.at(-1)?.key === key) return;
    agents.push({ key, agent: agentOf(tls, proxy) });
    for (const { agent } of agents.splice(0, agents.length - 2)) void agent.close();
  };
  use({});
  return {
    use,
    send: (url, sent) => sendOver(agents.at(-1)?.agent)(url, sent),
    close: async () => {
      await Promise.all(agents.splice(0).map(({ agent }) => agent.destroy()));
    },
  };
}
