import { openHttpAccess, rememberSecret } from '../http-access.ts';
import { createTransport } from '../http-transport.ts';
import type { HttpClientOptions } from '../http.ts';
import { openKubeconfig } from './kubeconfig.ts';
import type { KubernetesConfig } from './manifest.ts';

/** Where the API server is, and how to be let in. */
export type Connection = Pick<
  HttpClientOptions,
  'baseUrl' | 'headers' | 'refused' | 'secrets' | 'send' | 'released'
>;

type ServerConfig = Extract<KubernetesConfig, { readonly server: string }>;
type FileConfig = Extract<KubernetesConfig, { readonly kubeconfig: string }>;

function fromServer(config: ServerConfig): Connection {
  return openHttpAccess({ ...config, url: config.server }, 'Kubernetes');
}

async function fromFile(config: FileConfig): Promise<Connection> {
  const access = await openKubeconfig(config);
  const transport = createTransport(access.proxy);
  const secrets: string[] = [];
  return {
    baseUrl: access.server,
    headers: async () => {
      const { headers, secret, tls } = await access.credential();
      rememberSecret(secrets, secret);
      if (access.server.startsWith('https:')) transport.use(tls);
      return headers;
    },
    secrets,
    send: transport.send,
    released: () => transport.close(),
  };
}

/**
 * Reads what a configuration names; credentials are asked before each request. Raises `invalid` for files that cannot
 * be read, `unsupported` for a kubeconfig that asks for what we leave out.
 */
export async function openConnection(config: KubernetesConfig): Promise<Connection> {
  return 'kubeconfig' in config ? fromFile(config) : fromServer(config);
}
