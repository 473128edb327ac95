import { spawn } from 'node:child_process';
import { setTimeout as sleep } from 'node:timers/promises';
import { AppError } from '../../domain/error.ts';
import { followChild, logTail, openLog } from './child.ts';
import { processIdentity } from './process-identity.ts';
import type { RunningServer } from './supervisor.ts';
import { answersFor } from './temporal-health.ts';

/** Name of the one namespace of the embedded server. */
export const NAMESPACE = 'default';

/** What incidents are found by in the stock Temporal page. */
export const SEARCH_ATTRIBUTES: Readonly<Record<string, 'Keyword' | 'Int'>> = {
  IncidentState: 'Keyword',
  Severity: 'Keyword',
  Playbook: 'Keyword',
  Model: 'Keyword',
  AlertCount: 'Int',
};

/**
 * By default the queues are polled twenty times a second, which adds up to 50 ms to each hop; and the
 * quotas end a load test long before the machine does.
 */
const DYNAMIC_CONFIG: Readonly<Record<string, string>> = {
  'history.transferProcessorMaxPollRPS': '2000',
  'history.timerProcessorMaxPollRPS': '2000',
  'system.enableActivityEagerExecution': 'true',
  'matching.numTaskqueueReadPartitions': '1',
  'matching.numTaskqueueWritePartitions': '1',
  'matching.rps': '100000',
  'history.rps': '100000',
  'frontend.rps': '100000',
  'frontend.namespaceRPS': '100000',
  'frontend.namespaceRPS.visibility': '1000',
};

const READY_TIMEOUT_MS = 30_000;
const READY_POLL_MS = 20;

/** Everything one start of the dev server depends on. */
export interface TemporalLaunch {
  readonly cliPath: string;
  readonly file: string;
  readonly logFile: string;
  readonly port: number;
  /** Null: no page. */
  readonly uiPort: number | null;
  readonly durable: boolean;
}

function serverArguments(launch: TemporalLaunch): readonly string[] {
  return [
    'server',
    'start-dev',
    '--disable-config-file',
    '--disable-config-env',
    '--ip',
    '127.0.0.1',
    '--port',
    launch.port.toString(),
    '--db-filename',
    launch.file,
    '--sqlite-pragma',
    'journal_mode=WAL',
    '--sqlite-pragma',
    `synchronous=${launch.durable ? 'FULL' : 'OFF'}`,
    '--log-format',
    'json',
    '--log-level',
    'warn',
    ...(launch.uiPort === null
      ? ['--headless']
      : ['--ui-port', launch.uiPort.toString(), '--ui-disable-news-fetch']),
    ...Object.entries(DYNAMIC_CONFIG).flatMap(([key, value]) => [
      '--dynamic-config-value',
      `${key}=${value}`,
    ]),
    ...Object.entries(SEARCH_ATTRIBUTES).flatMap(([name, type]) => [
      '--search-attribute',
      `${name}=${type}`,
    ]),
  ];
}

/**
 * Starts the dev server as a child in its own session and waits until it answers. Raises
 * `unavailable` with the end of its log when it ends before, or is not ready within 30 seconds.
 */
export async function launchTemporal(launch: TemporalLaunch): Promise<RunningServer> {
  const output = openLog(launch.logFile);
  const child = spawn(launch.cliPath, serverArguments(launch), {
    cwd: '/',
    detached: true,
    stdio: ['ignore', output, output],
    env: { PATH: '/usr/bin:/bin', HOME: '/nonexistent' },
  });
  const { gone, ended } = followChild(child, output);
  const address = `127.0.0.1:${launch.port.toString()}`;
  const deadline = Date.now() + READY_TIMEOUT_MS;
  while (Date.now() < deadline) {
    const ready = await answersFor(address, NAMESPACE);
    const end = ended();
    if (end !== null) {
      throw new AppError(
        'unavailable',
        `Temporal did not start (${end}): ${logTail(launch.logFile)}`,
      );
    }
    const identity = ready && child.pid !== undefined ? processIdentity(child.pid) : null;
    if (identity !== null) return { identity, adopted: false, gone };
    await sleep(READY_POLL_MS);
  }
  child.kill('SIGKILL');
  throw new AppError('unavailable', `Temporal was not ready in time: ${logTail(launch.logFile)}`);
}
