import type { ConnectionOptions } from '@temporalio/client';
import type { NativeConnectionOptions } from '@temporalio/worker';
import type { Logger } from 'pino';
import { AppError } from '../domain/error.ts';
import { startEmbeddedServers } from './embedded/servers.ts';
import type { EmbeddedTemporal } from './embedded/temporal.ts';
import { findTemporalCli } from './embedded/temporal-cli.ts';

/** The database and the Temporal server that this process works on. */
export interface Servers {
  readonly databaseUrl: string;
  readonly temporal: ConnectionOptions & NativeConnectionOptions;
  readonly namespace: string;
  /** True when Temporal is ours: then this process makes its own version current. */
  readonly ownsTemporal: boolean;
  readonly temporalUi: string | null;
  stop(): Promise<void>;
}

/** Where the servers are; null means: run our own on the data folder. */
export interface ServerSettings {
  readonly dataDir: string;
  readonly cacheDir: string;
  readonly databaseUrl: string | null;
  readonly temporal: {
    readonly connection: ConnectionOptions & NativeConnectionOptions;
    readonly namespace: string;
  } | null;
  readonly temporalCliPath: string | null;
  readonly searchPath: string;
  readonly temporalUi: boolean;
}

/** The Temporal that the environment names, else ours. */
function temporalOf(
  named: ServerSettings['temporal'],
  own: EmbeddedTemporal | null,
): Pick<Servers, 'temporal' | 'namespace' | 'ownsTemporal' | 'temporalUi'> {
  if (named) {
    const { connection, namespace } = named;
    return { temporal: connection, namespace, ownsTemporal: false, temporalUi: null };
  }
  if (!own) throw new AppError('internal', 'No Temporal server is named and none was started.');
  const { address, namespace, uiUrl } = own;
  return { temporal: { address }, namespace, ownsTemporal: true, temporalUi: uiUrl };
}

/** Starts what the environment does not name. Raises what the embedded servers raise. */
export async function openServers(
  settings: ServerSettings,
  log: Logger,
  onFailure: (error: Error) => void,
): Promise<Servers> {
  const { dataDir, cacheDir, temporalCliPath: cliPath, searchPath } = settings;
  const cli =
    settings.temporal === null ? await findTemporalCli({ cliPath, searchPath, cacheDir }) : null;
  const embedded = await startEmbeddedServers({
    dataDir,
    cacheDir,
    log: (line) => {
      log.info(line);
    },
    postgres: settings.databaseUrl === null,
    temporal: cli === null ? null : { cli, ui: settings.temporalUi },
    onFailure,
  });
  return {
    databaseUrl: settings.databaseUrl ?? embedded.postgres?.url ?? '',
    ...temporalOf(settings.temporal, embedded.temporal),
    stop: () => embedded.stop(),
  };
}
