import { join } from 'node:path';
import pg from 'pg';
import { AppError } from '../../domain/error.ts';
import { serverAccount } from './account.ts';
import type { DataFolderLock } from './lock.ts';
import { freePort } from './port.ts';
import { postgresBinaries } from './postgres-binaries.ts';
import { ADMIN_ROLE, openCluster, recordPort, type Cluster } from './postgres-cluster.ts';
import { clearTheWay } from './postgres-orphan.ts';
import { launchPostgres, type PostgresLaunch } from './postgres-start.ts';
import type { ProcessIdentity } from './process-identity.ts';
import { goneByPolling, supervise, type RunningServer } from './supervisor.ts';
import { startWatchdog, type Watchdog } from './watchdog.ts';

/** How to run the embedded Postgres. */
export interface EmbeddedPostgresOptions {
  readonly dataDir: string;
  /** Where the program files are copied when they can't run from where they are installed. */
  readonly cacheDir: string;
  /** Held by the caller for as long as the server runs. */
  readonly lock: DataFolderLock;
  readonly log: (line: string) => void;
  /** False only for throw-away data: nothing is flushed to the disk. Default true. */
  readonly durable?: boolean;
  /** How long a new Firebreak may adopt the server after ours died. Default 30 seconds. */
  readonly orphanGraceSeconds?: number;
  /** Called when the server keeps ending and is given up. */
  readonly onFailure?: (error: AppError) => void;
}

/** A running embedded Postgres. */
export interface EmbeddedPostgres {
  /** URL of the superuser for database `firebreak`; holds the password, so it is never logged. */
  readonly url: string;
  readonly port: number;
  /** True when the server was already running and was taken over. */
  readonly adopted: boolean;
  /** The server's present process. */
  identity: () => ProcessIdentity;
  stop: () => Promise<void>;
}

const DATABASE = 'firebreak';
const STOP_GRACE_MS = 30_000;
const START_ATTEMPTS_MAX = 3;
const ORPHAN_GRACE_SECONDS = 30;

function adminUrl(cluster: Cluster, port: number, database: string): string {
  return `postgresql://${ADMIN_ROLE}:${cluster.password}@127.0.0.1:${port.toString()}/${database}`;
}

async function withClient<T>(url: string, work: (client: pg.Client) => Promise<T>): Promise<T> {
  const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: 2_000 });
  client.on('error', () => {
    // The server went away; the query in flight reports it.
  });
  await client.connect();
  try {
    return await work(client);
  } finally {
    await client.end();
  }
}

/** True when the server on `port` lets us in and serves exactly this folder. */
async function servesFolder(cluster: Cluster, port: number): Promise<boolean> {
  try {
    return await withClient(adminUrl(cluster, port, 'postgres'), async (client) => {
      const { rows } = await client.query<{ folder: string }>(
        `SELECT current_setting('data_directory') AS folder`,
      );
      return rows[0]?.folder === cluster.folder;
    });
  } catch {
    return false;
  }
}

async function ensureDatabase(cluster: Cluster, port: number): Promise<void> {
  await withClient(adminUrl(cluster, port, 'postgres'), async (client) => {
    const { rowCount } = await client.query('SELECT 1 FROM pg_database WHERE datname = $1', [
      DATABASE,
    ]);
    if (rowCount === 0) await client.query(`CREATE DATABASE ${DATABASE}`);
  });
}

async function launchOnFreePort(
  setting: PostgresLaunch,
): Promise<{ server: RunningServer; port: number }> {
  let failure: unknown = null;
  for (let attempt = 0; attempt < START_ATTEMPTS_MAX; attempt += 1) {
    const wanted = attempt === 0 && setting.cluster.port > 0 ? setting.cluster.port : undefined;
    const port = await freePort(wanted);
    try {
      return { server: await launchPostgres(setting, port), port };
    } catch (error) {
      failure = error;
    }
  }
  throw failure;
}

async function gather(options: EmbeddedPostgresOptions): Promise<PostgresLaunch> {
  const account = serverAccount();
  const { bin, label } = postgresBinaries({ account, cacheDir: options.cacheDir });
  const durable = options.durable ?? true;
  const cluster = await openCluster({
    dataDir: options.dataDir,
    bin,
    account,
    template: durable
      ? null
      : join(options.cacheDir, `${label}.template-${process.getuid?.().toString() ?? ''}`),
    log: options.log,
  });
  return {
    bin,
    account,
    cluster,
    logFile: join(options.dataDir, 'postgres.log'),
    durable,
  };
}

/**
 * Starts the embedded Postgres of a data folder, or adopts the one that an earlier process of ours
 * left running there. It is started again on the same port when it crashes; data is never deleted.
 * Raises `unsupported` where no binaries exist and `unavailable` when it does not start.
 */
export async function startEmbeddedPostgres(
  options: EmbeddedPostgresOptions,
): Promise<EmbeddedPostgres> {
  const setting = await gather(options);
  const { cluster, account } = setting;
  const orphan = await clearTheWay({
    folder: cluster.folder,
    log: options.log,
    serves: (port) => servesFolder(cluster, port),
  });
  const { server, port } =
    orphan === null
      ? await launchOnFreePort(setting)
      : { server: adoptedServer(orphan.identity), port: orphan.port };
  if (port !== cluster.port) recordPort(cluster, port, account);
  const supervised = supervise(server, {
    name: 'Postgres',
    log: options.log,
    restart: async () => {
      await clearTheWay({
        folder: cluster.folder,
        log: options.log,
        serves: () => Promise.resolve(false),
      });
      return launchPostgres(setting, port);
    },
    watch: (identity) => watch(identity, options),
    // Throw-away data need no checkpoint.
    stopSignal: setting.durable ? 'SIGINT' : 'SIGQUIT',
    stopGraceMs: STOP_GRACE_MS,
    onFailure:
      options.onFailure ??
      ((error) => {
        options.log(error.message);
      }),
  });
  try {
    await ensureDatabase(cluster, port);
  } catch (error) {
    await supervised.stop();
    throw new AppError('unavailable', 'Postgres started but does not answer.', { cause: error });
  }
  return {
    url: adminUrl(cluster, port, DATABASE),
    port,
    adopted: server.adopted,
    identity: supervised.identity,
    stop: supervised.stop,
  };
}

function adoptedServer(identity: ProcessIdentity): RunningServer {
  return { identity, adopted: true, gone: goneByPolling(identity) };
}

function watch(identity: ProcessIdentity, options: EmbeddedPostgresOptions): Watchdog {
  return startWatchdog({
    server: identity,
    signal: 'INT',
    ownerFile: options.lock.ownerFile,
    owner: options.lock.owner,
    graceSeconds: options.orphanGraceSeconds ?? ORPHAN_GRACE_SECONDS,
  });
}
