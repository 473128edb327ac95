import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { realpathSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { z } from 'zod';
import { clusterMark } from '../../app/embedded/postgres-orphan.ts';
import {
  findProcesses,
  signalProcess,
  waitUntilGone,
  type ProcessIdentity,
} from '../../app/embedded/process-identity.ts';
import { programPath } from '../harness.ts';

const ROOT = join(import.meta.dirname, '..', '..');
/** What the machine needs; the program sees nothing else of the environment. */
const KEPT = ['PATH', 'HOME', 'TMPDIR', 'XDG_CACHE_HOME', 'TEMPORAL_CLI_PATH'];
const GONE_WITHIN_MS = 20_000;

const readySchema = z.object({
  url: z.url(),
  adminToken: z.string().nullable(),
  sources: z.array(z.object({ kind: z.string(), token: z.string() })),
});

/** What the program says once everything is up; the tokens only at the first start. */
export type Ready = z.infer<typeof readySchema>;

/** An installation in a folder: the real program with its own Postgres and Temporal. */
export interface Installation {
  /** Starts it on the folder and waits until it is ready. */
  start(): Promise<Ready>;
  /** Kills every process of it at once, without any chance to clean up. */
  kill(): Promise<void>;
  /** Kills what still runs and removes what lies outside the folder. */
  close(): Promise<void>;
}

function environment(): NodeJS.ProcessEnv {
  const kept = KEPT.map((name): [string, string | undefined] => [name, process.env[name]]);
  const ours = { LOG_LEVEL: 'error', FIREBREAK_SYNC_SECONDS: '0' };
  return { ...Object.fromEntries<string | undefined>(kept), ...ours };
}

/** Where its Postgres lies: beside the folder when its account may not enter that. */
function clusterOf(dataDir: string): string | null {
  try {
    return realpathSync(join(dataDir, 'postgres'));
  } catch {
    return null;
  }
}

function processesOf(dataDir: string): readonly ProcessIdentity[] {
  const cluster = clusterOf(dataDir);
  const mark = cluster === null ? dataDir : clusterMark(cluster);
  return findProcesses((command) => command.includes(dataDir) || command.includes(mark));
}

/** The installation of a data folder, configured by a file. */
export function installationIn(dataDir: string, configFile: string): Installation {
  const kill = async (): Promise<void> => {
    const deadline = Date.now() + GONE_WITHIN_MS;
    for (;;) {
      const running = processesOf(dataDir);
      if (running.length === 0) return;
      if (Date.now() > deadline) throw new Error('something of the installation does not die');
      for (const identity of running) signalProcess(identity, 'SIGKILL');
      for (const identity of running) await waitUntilGone(identity, GONE_WITHIN_MS);
    }
  };
  return {
    start: async () => {
      const child = spawn(
        process.execPath,
        [
          ...[join(await programPath(), 'cli', 'main.js'), 'start', '--json', '--port', '0'],
          ...['--data-dir', dataDir, '--config', configFile],
        ],
        { cwd: ROOT, env: environment(), stdio: ['ignore', 'pipe', 'pipe'] },
      );
      let told = '';
      child.stderr.on('data', (chunk) => (told += String(chunk)));
      const line = once(createInterface({ input: child.stdout }), 'line');
      const first = await Promise.race([
        line.then(([text]) => String(text)),
        once(child, 'exit').then(() => null),
      ]);
      if (first === null) throw new Error(`the program did not start: ${told.slice(-4_000)}`);
      return readySchema.parse(JSON.parse(first));
    },
    kill,
    close: async () => {
      await kill();
      const cluster = clusterOf(dataDir);
      if (cluster !== null) await rm(cluster, { recursive: true, force: true });
    },
  };
}
