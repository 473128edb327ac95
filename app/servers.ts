import type { ConnectionOptions } from '@temporalio/client';
import type { NativeConnectionOptions } from '@temporalio/worker';
import type { Logger } from 'pino';
import { startEmbeddedServers } from './embedded/servers.ts';
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

/** Starts what the environment does not name. Raises what the embedded servers raise. */
// eslint-disable-next-line complexity -- one case per member of a closed set, or one guard after the other; splitting hides the order.
export async function openServers(
  settings: ServerSettings,
  log: Logger,
  onFailure: (error: Error) => void,
): Promise<Servers> {
  const { dataDir, cacheDir } = settings;
  const cli =
    settings.temporal === null
      ? await findTemporalCli({
          cliPath: settings.temporalCliPath,
          searchPath: settings.searchPath,
          cacheDir,
        })
      : null;
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
  const { postgres, temporal } = embedded;
  return {
    databaseUrl: settings.databaseUrl ?? postgres?.url ?? '',
    temporal: settings.temporal?.connection ?? { address: temporal?.address ?? '' },
    namespace: settings.temporal?.namespace ?? temporal?.namespace ?? 'default',
    ownsTemporal: temporal !== null,
    temporalUi: temporal?.uiUrl ?? null,
    stop: () => embedded.stop(),
  };
}
