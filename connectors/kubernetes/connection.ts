import { readFile } from 'node:fs/promises';
import { Agent } from 'undici';
import { AppError } from '../../domain/error.ts';
import type { HttpClientOptions } from '../http.ts';
import { openKubeconfig, type Tls } from './kubeconfig.ts';
import type { KubernetesConfig } from './manifest.ts';
import { readTokenFile } from './token-file.ts';

/** Where the API server is, and how to be let in. */
export interface Connection extends Pick<
  HttpClientOptions,
  'baseUrl' | 'headers' | 'secrets' | 'fetch'
> {
  close(): Promise<void>;
}

/** The built-in fetch over an agent that knows the cluster's authority and our certificate. */
interface Transport {
  /** What the connections from now on are made with. */
  use(tls: Tls): void;
  readonly fetch: NonNullable<HttpClientOptions['fetch']>;
  close(): Promise<void>;
}

function createTransport(): Transport {
  // The newest last. A certificate that was renewed replaces an agent under which requests may be on their way, so one
  // earlier agent stays; those before it are closed when their requests have ended.
  const agents: { readonly key: string; readonly agent: Agent }[] = [];
  return {
    use: (tls) => {
      const key = JSON.stringify(tls);
      if (agents.at(-1)?.key === key) return;
      agents.push({ key, agent: new Agent({ connect: tls }) });
      for (const { agent } of agents.splice(0, agents.length - 2)) void agent.close();
    },
    fetch: (url, init) => {
      const dispatcher = agents.at(-1)?.agent;
      return fetch(url, dispatcher === undefined ? init : Object.assign({}, init, { dispatcher }));
    },
    close: async () => {
      await Promise.all(agents.splice(0).map(({ agent }) => agent.destroy()));
    },
  };
}

async function readAuthority(path: string): Promise<Buffer> {
  try {
    return await readFile(path);
  } catch (error) {
    throw new AppError('invalid', `The authority file ${path} cannot be read.`, {
      field: 'caFile',
      cause: error,
    });
  }
}

/** Credentials seen so far that are kept out of messages; a renewed token joins them. */
const SECRETS_MAX = 20;

function remember(secrets: string[], secret: string | undefined): void {
  if (secret === undefined || secret === '' || secrets.includes(secret)) return;
  secrets.push(secret);
  if (secrets.length > SECRETS_MAX) secrets.shift();
}

type ServerConfig = Extract<KubernetesConfig, { readonly server: string }>;
type FileConfig = Extract<KubernetesConfig, { readonly kubeconfig: string }>;

async function fromServer(config: ServerConfig): Promise<Connection> {
  const transport = createTransport();
  if (config.caFile !== undefined) transport.use({ ca: await readAuthority(config.caFile) });
  const secrets: string[] = [];
  return {
    baseUrl: config.server,
    headers: async () => {
      const { tokenFile } = config;
      const token = tokenFile === undefined ? config.token : await readTokenFile(tokenFile);
      remember(secrets, token);
      return token === undefined ? {} : { authorization: `Bearer ${token}` };
    },
    secrets,
    fetch: transport.fetch,
    close: () => transport.close(),
  };
}

async function fromFile(config: FileConfig): Promise<Connection> {
  const access = await openKubeconfig(config);
  const transport = createTransport();
  const secrets: string[] = [];
  return {
    baseUrl: access.server,
    headers: async () => {
      const { headers, secret, tls } = await access.credential();
      remember(secrets, secret);
      if (access.server.startsWith('https:')) transport.use(tls);
      return headers;
    },
    secrets,
    fetch: transport.fetch,
    close: () => transport.close(),
  };
}

/**
 * Reads what a configuration names; credentials are asked before each request. Raises `invalid` for files that cannot
 * be read, `unsupported` for a kubeconfig that asks for what we leave out.
 */
export function openConnection(config: KubernetesConfig): Promise<Connection> {
  return 'kubeconfig' in config ? fromFile(config) : fromServer(config);
}
