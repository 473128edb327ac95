import { readFile } from 'node:fs/promises';
import type { RequestOptions } from 'node:https';
import type { KubeConfig } from '@kubernetes/client-node';
import { Agent } from 'undici';
import { AppError } from '../../domain/error.ts';
import type { HttpClientOptions } from '../http.ts';
import type { KubernetesConfig } from './manifest.ts';

/** Where the API server is, and how to be let in. */
export interface Connection extends Pick<
  HttpClientOptions,
  'baseUrl' | 'headers' | 'secrets' | 'fetch'
> {
  close(): Promise<void>;
}

/** What a TLS connection needs beyond the defaults. */
interface Tls {
  readonly ca?: string | Buffer;
  readonly cert?: string | Buffer;
  readonly key?: string | Buffer;
  readonly servername?: string;
  readonly rejectUnauthorized?: boolean;
}

type Transport = Pick<Connection, 'fetch' | 'close'>;

/** The built-in fetch over an agent that knows the cluster's authority and our certificate. */
function transportOf(tls: Tls): Transport {
  if (Object.keys(tls).length === 0) return { close: () => Promise.resolve() };
  const dispatcher = new Agent({ connect: tls });
  return {
    fetch: (url, init) => fetch(url, Object.assign({}, init, { dispatcher })),
    close: () => dispatcher.destroy(),
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

type ServerConfig = Extract<KubernetesConfig, { readonly server: string }>;
type FileConfig = Extract<KubernetesConfig, { readonly kubeconfig: string }>;

async function fromServer(config: ServerConfig): Promise<Connection> {
  const ca = config.caFile === undefined ? undefined : await readAuthority(config.caFile);
  const { token } = config;
  const headers: Readonly<Record<string, string>> =
    token === undefined ? {} : { authorization: `Bearer ${token}` };
  return {
    baseUrl: config.server,
    headers: () => Promise.resolve(headers),
    secrets: token === undefined ? [] : [token],
    ...transportOf(ca === undefined ? {} : { ca }),
  };
}

/** Credentials seen so far that are kept out of messages; a renewed token joins them. */
const SECRETS_MAX = 20;

function remember(secrets: string[], secret: string): void {
  if (secret === '' || secrets.includes(secret)) return;
  secrets.push(secret);
  if (secrets.length > SECRETS_MAX) secrets.shift();
}

async function loadFile(config: FileConfig): Promise<KubeConfig> {
  const { KubeConfig: Loader } = await import('@kubernetes/client-node');
  const loaded = new Loader();
  try {
    loaded.loadFromFile(config.kubeconfig);
    if (config.context !== undefined) loaded.setCurrentContext(config.context);
    // The library refuses plain http unless TLS verification is off, where there is no TLS to verify.
    loaded.clusters = loaded.clusters.map((cluster) =>
      cluster.server.startsWith('http://') ? { ...cluster, skipTLSVerify: true } : cluster,
    );
  } catch {
    // The original error may quote the file, which holds credentials: it is not kept.
    const message = `The kubeconfig ${config.kubeconfig} cannot be read.`;
    throw new AppError('invalid', message, { field: 'kubeconfig' });
  }
  return loaded;
}

/** The options of one request as the kubeconfig's user wants them: headers, certificates. */
async function applied(kubeconfig: KubeConfig): Promise<RequestOptions> {
  const options: RequestOptions = { headers: {} };
  try {
    await kubeconfig.applyToHTTPSOptions(options);
  } catch {
    // What a credential plugin prints may hold a credential: the cause is not kept.
    throw new AppError('unauthorized', 'The credential of the kubeconfig cannot be had.', {
      permission: 'a valid credential',
    });
  }
  return options;
}

function authorizationOf(options: RequestOptions, secrets: string[]): string | undefined {
  if (typeof options.auth === 'string') {
    const pair = Buffer.from(options.auth).toString('base64');
    remember(secrets, pair);
    return `Basic ${pair}`;
  }
  const given = new Map(Object.entries(options.headers ?? {}));
  const header: unknown = given.get('Authorization') ?? given.get('authorization');
  if (typeof header !== 'string') return undefined;
  remember(secrets, header.replace(/^Bearer\s+/i, ''));
  return header;
}

/** A value of the options that Node takes as PEM: text or bytes, never a list. */
function pem(value: unknown): string | Buffer | undefined {
  return typeof value === 'string' || Buffer.isBuffer(value) ? value : undefined;
}

function tlsOf(options: RequestOptions, skipVerification: boolean): Tls {
  const [ca, cert, key] = [pem(options.ca), pem(options.cert), pem(options.key)];
  return {
    ...(ca === undefined ? {} : { ca }),
    ...(cert === undefined ? {} : { cert }),
    ...(key === undefined ? {} : { key }),
    ...(options.servername === undefined ? {} : { servername: options.servername }),
    ...(skipVerification ? { rejectUnauthorized: false } : {}),
  };
}

async function fromFile(config: FileConfig): Promise<Connection> {
  const kubeconfig = await loadFile(config);
  const cluster = kubeconfig.getCurrentCluster();
  if (cluster === null) {
    const message = `The kubeconfig ${config.kubeconfig} names no cluster for this context.`;
    throw new AppError('invalid', message, { field: 'kubeconfig' });
  }
  const secrets: string[] = [];
  const first = await applied(kubeconfig);
  return {
    baseUrl: cluster.server,
    headers: async () => {
      const authorization = authorizationOf(await applied(kubeconfig), secrets);
      return authorization === undefined ? {} : { authorization };
    },
    secrets,
    ...transportOf(cluster.server.startsWith('http://') ? {} : tlsOf(first, cluster.skipTLSVerify)),
  };
}

/**
 * Reads what a configuration names. Raises `invalid` for files that cannot be read, `unauthorized` for a
 * credential that cannot be had.
 */
export function openConnection(config: KubernetesConfig): Promise<Connection> {
  return 'kubeconfig' in config ? fromFile(config) : fromServer(config);
}
