import { spawn } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { followChild, logTail, openLog } from '../../app/embedded/child.ts';
import { endProcess, processIdentity } from '../../app/embedded/process-identity.ts';
import { startWatchdog } from '../../app/embedded/watchdog.ts';
import { AppError, invariant } from '../../domain/error.ts';

const READY_WITHIN_MS = 120_000;
const READY_POLL_MS = 100;
const STOP_WITHIN_MS = 10_000;

/** How one server is started. */
export interface ServerLaunch {
  readonly name: string;
  readonly program: string;
  readonly args: readonly string[];
  readonly environment?: Readonly<Record<string, string>>;
  /** Where it runs and logs. */
  readonly folder: string;
  /** True once it answers. */
  readonly ready: () => Promise<boolean>;
}

/** A running server. */
export interface RealServer {
  stop(): Promise<void>;
}

/**
 * Starts a server and waits until it is ready. It ends with `stop`, and also when we are killed. Raises `unavailable`
 * with the end of its log when it ends before, or is not ready within two minutes.
 */
export async function startServer(launch: ServerLaunch): Promise<RealServer> {
  const { name, folder } = launch;
  const logFile = join(folder, `${name}.log`);
  const output = openLog(logFile);
  const child = spawn(launch.program, launch.args, {
    cwd: folder,
    detached: true,
    stdio: ['ignore', output, output],
    env: { PATH: process.env['PATH'] ?? '', HOME: folder, ...launch.environment },
  });
  const { ended } = followChild(child, output);
  const identity = child.pid === undefined ? null : processIdentity(child.pid);
  if (identity === null) throw new AppError('unavailable', `${name} did not start.`);
  const ownerFile = join(folder, `${name}.owner`);
  const owner = process.pid.toString();
  writeFileSync(ownerFile, owner);
  const watchdog = startWatchdog({
    server: identity,
    signal: 'TERM',
    ownerFile,
    owner,
    graceSeconds: 0,
  });
  const stop = async (): Promise<void> => {
    watchdog.stop();
    const gone = await endProcess(identity, { signal: 'SIGTERM', graceMs: STOP_WITHIN_MS });
    invariant(gone, `${name} ended`);
  };
  const deadline = Date.now() + READY_WITHIN_MS;
  while (Date.now() < deadline) {
    const end = ended();
    if (end !== null) {
      watchdog.stop();
      throw new AppError('unavailable', `${name} did not start (${end}): ${logTail(logFile)}`);
    }
    if (await launch.ready().catch(() => false)) return { stop };
    await sleep(READY_POLL_MS);
  }
  await stop();
  throw new AppError('unavailable', `${name} was not ready in time: ${logTail(logFile)}`);
}

/** True when an address answers with success. */
export async function answers(url: string): Promise<boolean> {
  const response = await fetch(url, { signal: AbortSignal.timeout(READY_POLL_MS * 10) });
  await response.arrayBuffer();
  return response.ok;
}
