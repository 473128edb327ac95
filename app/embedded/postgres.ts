import { spawn } from 'node:child_process';
import { closeSync, openSync, readFileSync, renameSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import { AppError } from '../../domain/error.ts';
import { serverAccount, type ServerAccount } from './account.ts';
import type { DataFolderLock } from './lock.ts';
import { freePort } from './port.ts';
import { postgresBinaries } from './postgres-binaries.ts';
import { ADMIN_ROLE, openCluster, recordPort, type Cluster } from './postgres-cluster.ts';
import { clearTheWay, clusterMark, readPostmaster } from './postgres-orphan.ts';
import { processIdentity, type ProcessIdentity } from './process-identity.ts';
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
  identity(): ProcessIdentity;
  stop(): Promise<void>;
}

/** What a start needs, gathered once. */
interface Setting {
  readonly bin: string;
  readonly account: ServerAccount | null;
  readonly cluster: Cluster;
  readonly logFile: string;
  readonly durable: boolean;
}

const DATABASE = 'firebreak';
const READY_TIMEOUT_MS = 60_000;
const READY_POLL_MS = 10;
const STOP_GRACE_MS = 30_000;
const START_ATTEMPTS_MAX = 3;
const ORPHAN_GRACE_SECONDS = 30;
const LOG_BYTES_MAX = 16 * 1024 * 1024;

function serverArguments(setting: Setting, port: number): readonly string[] {
  const settings: Readonly<Record<string, string>> = {
    port: port.toString(),
    cluster_name: clusterMark(setting.cluster.folder),
    listen_addresses: '127.0.0.1',
    unix_socket_directories: '',
    max_connections: '200',
    // After kill -9, one syncfs instead of opening every file: 0.3 s instead of up to 5.
    recovery_init_sync_method: process.platform === 'linux' ? 'syncfs' : 'fsync',
    password_encryption: 'scram-sha-256',
    timezone: 'UTC',
    log_timezone: 'UTC',
    jit: 'off',
    ...(setting.durable
      ? {}
      : { fsync: 'off', synchronous_commit: 'off', full_page_writes: 'off' }),
  };
  return [
    '-D',
    setting.cluster.folder,
    ...Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`]),
  ];
}

function openLog(path: string): number {
  try {
    if (statSync(path).size > LOG_BYTES_MAX) renameSync(path, `${path}.1`);
  } catch {
    // No log yet.
  }
  return openSync(path, 'a', 0o600);
}

function logTail(path: string): string {
  try {
    return readFileSync(path, 'utf8').trim().split('\n').slice(-4).join(' ').slice(-600);
  } catch {
    return 'no log';
  }
}

/** Starts `postgres` itself, never `pg_ctl`, so that its end is reaped and seen at once. */
async function launch(setting: Setting, port: number): Promise<RunningServer> {
  const output = openLog(setting.logFile);
  const child = spawn(join(setting.bin, 'postgres'), serverArguments(setting, port), {
    cwd: setting.cluster.folder,
    detached: true,
    stdio: ['ignore', output, output],
    env: { PATH: '/usr/bin:/bin', LC_ALL: 'C' },
    ...(setting.account ?? {}),
  });
  closeSync(output);
  child.unref();
  let ended: string | null = null;
  const gone = new Promise<void>((resolve) => {
    child.once('exit', (code, signal) => {
      ended = `exit ${(code ?? signal ?? '').toString()}`;
      resolve();
    });
    child.once('error', (error) => {
      ended = error.message;
      resolve();
    });
  });
  const hasEnded = (): string | null => ended;
  const deadline = Date.now() + READY_TIMEOUT_MS;
  while (Date.now() < deadline) {
    const end = hasEnded();
    if (end !== null) {
      throw new AppError(
        'unavailable',
        `Postgres did not start (${end}): ${logTail(setting.logFile)}`,
      );
    }
    const postmaster = readPostmaster(setting.cluster.folder);
    if (postmaster?.pid === child.pid && postmaster?.ready === true) {
      const identity = processIdentity(postmaster.pid);
      if (identity !== null) return { identity, adopted: false, gone };
    }
    await sleep(READY_POLL_MS);
  }
  child.kill('SIGKILL');
  throw new AppError('unavailable', `Postgres was not ready in time: ${logTail(setting.logFile)}`);
}

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
  setting: Setting,
): Promise<{ server: RunningServer; port: number }> {
  let failure: unknown = null;
  for (let attempt = 0; attempt < START_ATTEMPTS_MAX; attempt += 1) {
    const wanted = attempt === 0 && setting.cluster.port > 0 ? setting.cluster.port : undefined;
    const port = await freePort(wanted);
    try {
      return { server: await launch(setting, port), port };
    } catch (error) {
      failure = error;
    }
  }
  throw failure;
}

/**
 * Starts the embedded Postgres of a data folder, or adopts the one that an earlier process of ours
 * left running there. It is started again on the same port when it crashes; data is never deleted.
 * Raises `unsupported` where no binaries exist and `unavailable` when it does not start.
 */
export async function startEmbeddedPostgres(
  options: EmbeddedPostgresOptions,
): Promise<EmbeddedPostgres> {
  const account = serverAccount();
  const bin = postgresBinaries({ account, cacheDir: options.cacheDir });
  const durable = options.durable ?? true;
  const cluster = await openCluster({
    dataDir: options.dataDir,
    bin,
    account,
    durable,
    log: options.log,
  });
  const setting: Setting = {
    bin,
    account,
    cluster,
    logFile: join(options.dataDir, 'postgres.log'),
    durable,
  };
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
      return launch(setting, port);
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
