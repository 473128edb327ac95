import { execFile } from 'node:child_process';
import { existsSync, mkdirSync, realpathSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { AppError } from '../../domain/error.ts';
import type { DataFolderLock } from './lock.ts';
import { freePort } from './port.ts';
import { endProcess, findProcesses, isRunning, type ProcessIdentity } from './process-identity.ts';
import { goneByPolling, supervise, type RunningServer } from './supervisor.ts';
import { temporalCliVersion } from './temporal-cli.ts';
import {
  copyTemporalFile,
  putTemporalFileBack,
  readTemporalRecord,
  setTemporalFileAside,
  writeTemporalRecord,
} from './temporal-file.ts';
import { answersFor } from './temporal-health.ts';
import { launchTemporal, NAMESPACE, SEARCH_ATTRIBUTES } from './temporal-start.ts';
import { startWatchdog } from './watchdog.ts';

const run = promisify(execFile);

/** How to run the embedded Temporal server. */
export interface EmbeddedTemporalOptions {
  readonly dataDir: string;
  readonly cliPath: string;
  /** Version of the CLI when known; else it is asked. */
  readonly cliVersion?: string;
  /** Held by the caller for as long as the server runs. */
  readonly lock: DataFolderLock;
  readonly log: (line: string) => void;
  /** Serve the stock Temporal page as well. Default false. */
  readonly ui?: boolean;
  /** False only for throw-away data: nothing is flushed to the disk. Default true. */
  readonly durable?: boolean;
  /** How long a new Firebreak may adopt the server after ours died. Default 30 seconds. */
  readonly orphanGraceSeconds?: number;
  /** Called when the server keeps ending and is given up. */
  readonly onFailure?: (error: AppError) => void;
}

/** A running embedded Temporal server. */
export interface EmbeddedTemporal {
  readonly address: string;
  readonly namespace: 'default';
  /** The stock page, null when it was not asked for. */
  readonly uiUrl: string | null;
  /** True when the server was already running and was taken over. */
  readonly adopted: boolean;
  /** The server's present process. */
  identity: () => ProcessIdentity;
  stop: () => Promise<void>;
}

interface Ports {
  readonly port: number;
  readonly uiPort: number | null;
}

interface Started extends Ports {
  readonly server: RunningServer;
}

interface Setting {
  readonly options: EmbeddedTemporalOptions;
  readonly file: string;
  readonly version: string;
}

/** Closed runs stay readable this long; the rows in Postgres stay for good. */
const RETENTION = '2160h';
const START_ATTEMPTS_MAX = 2;
const STOP_GRACE_MS = 10_000;
const ORPHAN_GRACE_SECONDS = 30;
const OPERATOR_TIMEOUT_MS = 15_000;

function addressOf(port: number): string {
  return `127.0.0.1:${port.toString()}`;
}

function processesOn(file: string): readonly ProcessIdentity[] {
  return findProcesses(
    (command) => command.includes(`start-dev `) && command.includes(` ${file} `),
  );
}

/** The live server that the record names, when number, start, port and file all match. */
async function recordedServer(setting: Setting): Promise<Started | null> {
  const { options, file, version } = setting;
  const record = readTemporalRecord(options.dataDir);
  if (record?.file !== file || record.cliVersion !== version) return null;
  if ((record.uiPort !== null) !== (options.ui ?? false)) return null;
  const identity = { pid: record.pid, startedAt: record.startedAt };
  const isOurs = processesOn(file).some(({ pid }) => pid === record.pid) && isRunning(identity);
  if (!isOurs || !(await answersFor(addressOf(record.port), NAMESPACE))) return null;
  return {
    server: { identity, adopted: true, gone: goneByPolling(identity) },
    port: record.port,
    uiPort: record.uiPort,
  };
}

/** Two servers on one file steal its shard from each other, so every other one is ended first. */
async function endOthers(setting: Setting): Promise<void> {
  for (const identity of processesOn(setting.file)) {
    setting.options.log(
      `Temporal: process ${identity.pid.toString()} of an earlier run is stopped`,
    );
    await endProcess(identity, { signal: 'SIGTERM', graceMs: STOP_GRACE_MS });
  }
}

function launch(setting: Setting, ports: Ports): Promise<RunningServer> {
  const { options, file } = setting;
  return launchTemporal({
    cliPath: options.cliPath,
    file,
    logFile: join(options.dataDir, 'temporal.log'),
    durable: options.durable ?? true,
    ...ports,
  });
}

async function launchOnFreePorts(setting: Setting): Promise<Started> {
  const record = readTemporalRecord(setting.options.dataDir);
  let failure: unknown = null;
  for (let attempt = 0; attempt < START_ATTEMPTS_MAX; attempt += 1) {
    const preferred = attempt === 0 ? record : null;
    const ports = {
      port: await freePort(preferred?.port),
      uiPort: (setting.options.ui ?? false) ? await freePort(preferred?.uiPort ?? undefined) : null,
    };
    try {
      return { server: await launch(setting, ports), ...ports };
    } catch (error) {
      failure = error;
    }
  }
  throw failure;
}

/** A file that no server opens is set aside; the engine resumes from Postgres on a fresh one. */
async function launchAtAllCosts(setting: Setting): Promise<Started> {
  const { options, file } = setting;
  const existed = existsSync(file);
  try {
    return await launchOnFreePorts(setting);
  } catch (error) {
    if (!existed) throw error;
    const folder = setTemporalFileAside(file);
    try {
      const started = await launchOnFreePorts(setting);
      options.log(`Temporal: its file did not open and was set aside as ${folder}`);
      return started;
    } catch {
      putTemporalFileBack(file, folder);
      throw error;
    }
  }
}

/** `--search-attribute` does nothing on a file that exists, and no flag sets the retention. */
async function completeNamespace(setting: Setting, port: number, existed: boolean): Promise<void> {
  const operator = async (...parts: readonly string[]): Promise<string> => {
    const { stdout } = await run(
      setting.options.cliPath,
      [
        'operator',
        ...parts,
        '--address',
        addressOf(port),
        '--namespace',
        NAMESPACE,
        '--disable-config-file',
        '--disable-config-env',
      ],
      { timeout: OPERATOR_TIMEOUT_MS, env: { HOME: '/nonexistent' } },
    );
    return stdout;
  };
  if (!existed) {
    await operator('namespace', 'update', '--retention', RETENTION);
    return;
  }
  const present = await operator('search-attribute', 'list');
  const known = new Set(present.split(/\s+/));
  const missing = Object.entries(SEARCH_ATTRIBUTES).filter(([name]) => !known.has(name));
  if (missing.length === 0) return;
  const flags = missing.flatMap(([name, type]) => ['--name', name, '--type', type]);
  await operator('search-attribute', 'create', ...flags);
}

async function startOrAdopt(setting: Setting): Promise<Started> {
  const { options, file, version } = setting;
  const recorded = await recordedServer(setting);
  if (recorded !== null) return recorded;
  await endOthers(setting);
  const existed = existsSync(file);
  const before = readTemporalRecord(options.dataDir)?.cliVersion;
  if (existed && before !== undefined && before !== version) {
    const folder = copyTemporalFile(file, before);
    options.log(`Temporal: CLI ${before} is now ${version}; the file was copied to ${folder}`);
  }
  const started = await launchAtAllCosts(setting);
  try {
    await completeNamespace(setting, started.port, existed);
    return started;
  } catch (error) {
    await endProcess(started.server.identity, { signal: 'SIGTERM', graceMs: STOP_GRACE_MS });
    throw new AppError('unavailable', 'Temporal started but its namespace could not be set up.', {
      cause: error,
    });
  }
}

/**
 * Starts the upstream dev server on a file in the data folder, or adopts the one that an earlier
 * process of ours left running there. It is started again on the same port when it crashes; its file
 * is copied before a version change, set aside when it does not open, and never deleted.
 * Raises `unavailable` when no server starts.
 */
export async function startEmbeddedTemporal(
  options: EmbeddedTemporalOptions,
): Promise<EmbeddedTemporal> {
  mkdirSync(options.dataDir, { recursive: true, mode: 0o700 });
  const setting: Setting = {
    options,
    file: join(realpathSync(options.dataDir), 'temporal.db'),
    version: options.cliVersion ?? (await temporalCliVersion(options.cliPath)),
  };
  const { server, port, uiPort } = await startOrAdopt(setting);
  const supervised = supervise(server, {
    name: 'Temporal',
    log: options.log,
    restart: async () => {
      await endOthers(setting);
      return launch(setting, { port, uiPort });
    },
    watch: (identity) => {
      writeTemporalRecord(options.dataDir, {
        ...identity,
        port,
        uiPort,
        file: setting.file,
        cliVersion: setting.version,
      });
      return startWatchdog({
        server: identity,
        signal: 'TERM',
        ownerFile: options.lock.ownerFile,
        owner: options.lock.owner,
        graceSeconds: options.orphanGraceSeconds ?? ORPHAN_GRACE_SECONDS,
      });
    },
    // A graceful end takes over a second; throw-away data need none.
    stopSignal: (options.durable ?? true) ? 'SIGTERM' : 'SIGKILL',
    stopGraceMs: STOP_GRACE_MS,
    onFailure:
      options.onFailure ??
      ((error) => {
        options.log(error.message);
      }),
  });
  return {
    address: addressOf(port),
    namespace: NAMESPACE,
    uiUrl: uiPort === null ? null : `http://${addressOf(uiPort)}`,
    adopted: server.adopted,
    identity: supervised.identity,
    stop: supervised.stop,
  };
}
