import type { Logger } from 'pino';
import type { ApiDependencies } from '../api/dependencies.ts';
import { createApi } from '../api/server.ts';
import { readTlsFiles, type TlsFiles, type TlsPair } from './tls-files.ts';
import { followTlsFiles } from './tls-renewal.ts';

/** Where a server listens, and how it is encrypted. */
export interface ListenSettings {
  readonly host: string;
  /** 0 takes a free port. */
  readonly port: number;
  readonly tls?: TlsFiles | null;
  readonly log: Logger;
}

/** Certificate and key of a server that has them, read now. Raises `invalid` as `readTlsFiles`. */
export function tlsOf({ tls = null }: Pick<ListenSettings, 'tls'>, now: Date): TlsPair | null {
  return tls === null ? null : readTlsFiles(tls, now);
}

/**
 * The API on its address, over TLS where there is a certificate, which is followed as it is renewed. Answers the address; `opened`
 * closes it.
 */
export async function listenWith(
  how: {
    readonly settings: ListenSettings;
    readonly now: () => Date;
    readonly opened: { add(close: () => Promise<void>): void };
  },
  dependencies: ApiDependencies,
): Promise<string> {
  const { settings, now, opened } = how;
  const { host, port, tls = null, log } = settings;
  const started = tlsOf(settings, now());
  if (tls === null || started === null) {
    const api = createApi(dependencies);
    opened.add(() => api.close());
    return api.listen({ host, port });
  }
  const { cert, key } = started;
  const api = createApi({ ...dependencies, tls: { cert, key } });
  opened.add(() => api.close());
  const renewal = followTlsFiles({ files: tls, started, server: api.server, now, log });
  opened.add(() => {
    renewal.stop();
    return Promise.resolve();
  });
  // It takes every server that it did not make itself for a plain one.
  return (await api.listen({ host, port })).replace(/^http:/u, 'https:');
}
