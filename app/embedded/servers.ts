import type { AppError } from '../../domain/error.ts';
import { lockDataFolder, type DataFolderLock } from './lock.ts';
import { startEmbeddedPostgres, type EmbeddedPostgres } from './postgres.ts';
import type { TemporalCli } from './temporal-cli.ts';
import { startEmbeddedTemporal, type EmbeddedTemporal } from './temporal.ts';

/** What to run on a data folder. */
export interface EmbeddedServersOptions {
  readonly dataDir: string;
  readonly cacheDir: string;
  readonly log: (line: string) => void;
  /** False when DATABASE_URL names a server. Default true. */
  readonly postgres?: boolean;
  /** Null when TEMPORAL_ADDRESS names a server. */
  readonly temporal: { readonly cli: TemporalCli; readonly ui: boolean } | null;
  /** False only for throw-away data. Default true. */
  readonly durable?: boolean;
  readonly orphanGraceSeconds?: number;
  /** Called when a server keeps ending and is given up; the process should end. */
  readonly onFailure?: (error: AppError) => void;
}

/** The running servers and their common stop. */
export interface EmbeddedServers {
  readonly postgres: EmbeddedPostgres | null;
  readonly temporal: EmbeddedTemporal | null;
  /** Stops Temporal, then Postgres, then gives the data folder back. Safe to call twice. */
  stop: () => Promise<void>;
}

type Shared = Omit<Parameters<typeof startEmbeddedPostgres>[0], 'cacheDir'>;

function sharedOptions(options: EmbeddedServersOptions, lock: DataFolderLock): Shared {
  const { dataDir, log, durable, orphanGraceSeconds, onFailure } = options;
  return {
    dataDir,
    lock,
    log,
    durable: durable ?? true,
    ...(orphanGraceSeconds === undefined ? {} : { orphanGraceSeconds }),
    ...(onFailure === undefined ? {} : { onFailure }),
  };
}

/**
 * Takes the lock of the data folder and starts the embedded servers asked for, side by side.
 * Raises `refused` while another process uses the folder, else what the single starts raise; nothing
 * is left running then.
 */
export async function startEmbeddedServers(
  options: EmbeddedServersOptions,
): Promise<EmbeddedServers> {
  const startsPostgres = options.postgres ?? true;
  if (!startsPostgres && options.temporal === null) {
    // Nothing of ours runs on the folder, so several processes may share it.
    return { postgres: null, temporal: null, stop: () => Promise.resolve() };
  }
  const lock = lockDataFolder(options.dataDir);
  const shared = sharedOptions(options, lock);
  const startPostgres = (): Promise<EmbeddedPostgres | null> =>
    startsPostgres
      ? startEmbeddedPostgres({ ...shared, cacheDir: options.cacheDir })
      : Promise.resolve(null);
  const startTemporal = (): Promise<EmbeddedTemporal | null> =>
    options.temporal === null
      ? Promise.resolve(null)
      : startEmbeddedTemporal({
          ...shared,
          cliPath: options.temporal.cli.path,
          cliVersion: options.temporal.cli.version,
          ui: options.temporal.ui,
        });
  const results = await Promise.allSettled([startPostgres(), startTemporal()]);
  const [postgres, temporal] = results;
  if (postgres.status === 'rejected' || temporal.status === 'rejected') {
    for (const result of results) {
      if (result.status === 'fulfilled') await result.value?.stop();
    }
    lock.release();
    throw results.find((result) => result.status === 'rejected')?.reason;
  }
  const stop = async (): Promise<void> => {
    try {
      await temporal.value?.stop();
      await postgres.value?.stop();
    } finally {
      lock.release();
    }
  };
  let stopping: Promise<void> | null = null;
  return {
    postgres: postgres.value,
    temporal: temporal.value,
    stop: () => (stopping ??= stop()),
  };
}
