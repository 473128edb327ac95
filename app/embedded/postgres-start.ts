import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { AppError } from '../../domain/error.ts';
import type { ServerAccount } from './account.ts';
import { followChild, logTail, openLog } from './child.ts';
import type { Cluster } from './postgres-cluster.ts';
import { clusterMark, readPostmaster } from './postgres-orphan.ts';
import { processIdentity } from './process-identity.ts';
import type { RunningServer } from './supervisor.ts';

/** Everything one start of Postgres depends on, but the port. */
export interface PostgresLaunch {
  readonly bin: string;
  readonly account: ServerAccount | null;
  readonly cluster: Cluster;
  readonly logFile: string;
  readonly durable: boolean;
}

const READY_TIMEOUT_MS = 60_000;
const READY_POLL_MS = 10;

function serverArguments(launch: PostgresLaunch, port: number): readonly string[] {
  const settings: Readonly<Record<string, string>> = {
    port: port.toString(),
    cluster_name: clusterMark(launch.cluster.folder),
    listen_addresses: '127.0.0.1',
    unix_socket_directories: '',
    max_connections: '200',
    // After kill -9, one syncfs instead of opening every file: 0.3 s instead of up to 5.
    recovery_init_sync_method: process.platform === 'linux' ? 'syncfs' : 'fsync',
    password_encryption: 'scram-sha-256',
    timezone: 'UTC',
    log_timezone: 'UTC',
    jit: 'off',
    ...(launch.durable ? {} : { fsync: 'off', synchronous_commit: 'off', full_page_writes: 'off' }),
  };
  return [
    '-D',
    launch.cluster.folder,
    ...Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`]),
  ];
}

/**
 * Starts `postgres` itself, never `pg_ctl`, so that its end is reaped and seen at once, and waits until
 * it takes connections. Raises `unavailable` with the end of its log when it does not.
 */
export async function launchPostgres(launch: PostgresLaunch, port: number): Promise<RunningServer> {
  const output = openLog(launch.logFile);
  const child = spawn(join(launch.bin, 'postgres'), serverArguments(launch, port), {
    cwd: launch.cluster.folder,
    detached: true,
    stdio: ['ignore', output, output],
    env: { PATH: '/usr/bin:/bin', LC_ALL: 'C' },
    ...(launch.account ?? {}),
  });
  const { gone, ended } = followChild(child, output);
  const deadline = Date.now() + READY_TIMEOUT_MS;
  while (Date.now() < deadline) {
    const end = ended();
    if (end !== null) {
      throw new AppError(
        'unavailable',
        `Postgres did not start (${end}): ${logTail(launch.logFile)}`,
      );
    }
    const postmaster = readPostmaster(launch.cluster.folder);
    if (postmaster?.pid === child.pid && postmaster?.ready === true) {
      const identity = processIdentity(postmaster.pid);
      if (identity !== null) return { identity, adopted: false, gone };
    }
    await sleep(READY_POLL_MS);
  }
  child.kill('SIGKILL');
  throw new AppError('unavailable', `Postgres was not ready in time: ${logTail(launch.logFile)}`);
}
