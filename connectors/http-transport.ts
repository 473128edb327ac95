import { Agent, ProxyAgent, type Dispatcher } from 'undici';
import type { HttpClientOptions } from './http.ts';

/** What a TLS connection needs beyond the defaults. An own `ca` is trusted in place of the public authorities. */
export interface Tls {
  readonly ca?: string | Buffer;
  readonly cert?: string | Buffer;
  readonly key?: string | Buffer;
  readonly servername?: string;
  readonly rejectUnauthorized?: boolean;
}

/** The built-in fetch over connections that know an authority, a client certificate and a proxy. */
export interface Transport {
  /** What the connections from now on are made with. */
  use(tls: Tls): void;
  readonly fetch: NonNullable<HttpClientOptions['fetch']>;
  close(): Promise<void>;
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
  if (proxy !== undefined) use({});
  return {
    use,
    fetch: (url, init) => {
      const dispatcher = agents.at(-1)?.agent;
      return fetch(url, dispatcher === undefined ? init : Object.assign({}, init, { dispatcher }));
    },
    close: async () => {
      await Promise.all(agents.splice(0).map(({ agent }) => agent.destroy()));
    },
  };
}
