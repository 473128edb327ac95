import { readFile } from 'node:fs/promises';
import { Agent } from 'undici';

const WITHIN_MS = 30_000;

/** One request to the real API server. */
export interface ApiRequest {
  readonly method: string;
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Buffer;
}

/** The real API server over TLS, with nobody's code between. */
export interface KubernetesApi {
  send(request: ApiRequest): Promise<Response>;
  close(): Promise<void>;
}

/** A connection that trusts the authority in a file and, when a token is given, authenticates with it. */
export async function openApi(given: {
  readonly url: string;
  readonly caFile: string;
  readonly token?: string;
}): Promise<KubernetesApi> {
  const dispatcher = new Agent({ connect: { ca: await readFile(given.caFile) } });
  const own = given.token === undefined ? {} : { authorization: `Bearer ${given.token}` };
  return {
    send: ({ method, path, headers = {}, body }) => {
      const init: RequestInit = {
        method,
        headers: { ...own, ...headers },
        signal: AbortSignal.timeout(WITHIN_MS),
        ...(body === undefined ? {} : { body }),
      };
      return fetch(`${given.url}${path}`, Object.assign({}, init, { dispatcher }));
    },
    close: () => dispatcher.destroy(),
  };
}
