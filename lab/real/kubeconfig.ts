import { readFile } from 'node:fs/promises';
import type { RequestOptions } from 'node:https';
import { KubeConfig } from '@kubernetes/client-node';
import { Agent } from 'undici';
import { AppError } from '../../domain/error.ts';
import { createJsonClient, type Fetch, type JsonClient } from '../scenario/json-client.ts';

/** A cluster that a kubeconfig names. */
export interface NamedCluster {
  readonly server: string;
  readonly client: JsonClient;
  close(): Promise<void>;
}

function wrong(file: string, what: string): AppError {
  return new AppError('invalid', `The kubeconfig ${file} ${what}.`, { field: 'kubeconfig' });
}

async function load(file: string): Promise<KubeConfig> {
  const text = await readFile(file, 'utf8').catch(() => {
    throw wrong(file, 'cannot be read');
  });
  const config = new KubeConfig();
  try {
    config.loadFromString(text);
  } catch {
    throw wrong(file, 'is not understood');
  }
  return config;
}

function bytesOf(value: unknown): string | Buffer | undefined {
  return typeof value === 'string' || Buffer.isBuffer(value) ? value : undefined;
}

/** Opens the current context of a kubeconfig. Raises `invalid` for a file that cannot be used. */
export async function openCluster(file: string): Promise<NamedCluster> {
  const config = await load(file);
  const cluster = config.getCurrentCluster();
  if (cluster === null) throw wrong(file, 'names no current cluster');
  const plain = cluster.server.startsWith('http://');
  // The library refuses plain http unless TLS verification is off, where there is no TLS to verify.
  if (plain) config.clusters = [{ ...cluster, skipTLSVerify: true }];
  const options: RequestOptions = { headers: {} };
  await config.applyToHTTPSOptions(options);
  const [ca, cert, key] = [options.ca, options.cert, options.key].map(bytesOf);
  const tls = {
    ...(ca === undefined ? {} : { ca }),
    ...(cert === undefined ? {} : { cert }),
    ...(key === undefined ? {} : { key }),
    ...(options.servername === undefined ? {} : { servername: options.servername }),
    ...(options.rejectUnauthorized === false ? { rejectUnauthorized: false } : {}),
  };
  const agent = new Agent(plain ? {} : { connect: tls });
  const via: Fetch = (url, init) => fetch(url, Object.assign({}, init, { dispatcher: agent }));
  const headers = Object.entries(options.headers ?? {}).flatMap(([name, value]) =>
    typeof value === 'string' ? [[name, value] as const] : [],
  );
  return {
    server: cluster.server,
    client: createJsonClient(cluster.server, Object.fromEntries(headers), via),
    close: () => agent.destroy(),
  };
}
