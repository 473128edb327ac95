import { spawn, type ChildProcess } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { access, chmod, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll } from '@jest/globals';
import { z } from 'zod';
import { createTestDatabase, type TestDatabase } from '../store/test-database.ts';

/** How long a build in the background may take on a busy machine. */
const BUILT_WITHIN_MS = 120_000;
const BUILD_POLL_MS = 50;

function variable(name: string): string {
  const value = process.env[name];
  if (value === undefined || value === '') {
    throw new Error(`${name} is not set: the global set-up of the tests did not run.`);
  }
  return value;
}

/** A fresh database with every migration applied, cloned from a template; `drop` removes it. */
export async function freshDatabase(): Promise<TestDatabase> {
  return createTestDatabase();
}

/** Address of the one Temporal server of this test run; its namespace is `default`. */
export function temporalAddress(): string {
  return variable('FIREBREAK_TEST_TEMPORAL_ADDRESS');
}

/** Path of the Temporal CLI that the run uses, for tests that start a server of their own. */
export function temporalCliPath(): string {
  return variable('FIREBREAK_TEST_CLI_PATH');
}

/** Path of Temporal's time-skipping test server. */
export function temporalTestServerPath(): string {
  return variable('FIREBREAK_TEST_SERVER_PATH');
}

/** Where something is that this test run built, as soon as it is there. Raises when it could not be built. */
async function built(name: string): Promise<string> {
  const path = variable(name);
  const exists = (file: string): Promise<boolean> =>
    access(file).then(
      () => true,
      () => false,
    );
  const deadline = Date.now() + BUILT_WITHIN_MS;
  while (Date.now() < deadline) {
    if (await exists(path)) return path;
    if (await exists(`${path}.error`)) throw new Error(await readFile(`${path}.error`, 'utf8'));
    await sleep(BUILD_POLL_MS);
  }
  throw new Error(`${path} was not built in time.`);
}

/** The workflow bundle of this test run. */
export function workflowBundlePath(): Promise<string> {
  return built('FIREBREAK_TEST_BUNDLE');
}

/** The folder of the compiled program of this test run: a process of it begins a second sooner than one from the sources. */
export function programPath(): Promise<string> {
  return built('FIREBREAK_TEST_PROGRAM');
}

// One registration while the file loads, because hooks can't be added from within a test.
const folders: string[] = [];
afterAll(async () => {
  for (const folder of folders.splice(0)) await rm(folder, { recursive: true, force: true });
});

/** A fresh folder that is removed after the tests of this file. Call it from anywhere. */
export async function tempDir(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'firebreak-case-'));
  // The embedded Postgres, which does not run as root, has to pass through.
  await chmod(folder, 0o711);
  folders.push(folder);
  return folder;
}

/** `name` with a random end: task queues, workflow ids and models of tests that share a server. */
export function unique(name: string): string {
  return `${name}-${randomBytes(6).toString('hex')}`;
}

/**
 * Installs a Temporal runtime that only speaks about errors. Call it before the first worker or
 * connection of a test file; each file has its own runtime.
 */
export async function quietTemporalRuntime(): Promise<void> {
  const { DefaultLogger, makeTelemetryFilterString, Runtime } = await import('@temporalio/worker');
  // Logs of the core are not forwarded: a forwarder keeps the process alive for good.
  Runtime.install({
    logger: new DefaultLogger('ERROR', () => undefined),
    telemetryOptions: {
      logging: { filter: makeTelemetryFilterString({ core: 'ERROR', other: 'ERROR' }) },
    },
  });
}

const saidSchema = z.object({
  pid: z.number().optional(),
  adopted: z.boolean().optional(),
  url: z.string().optional(),
  address: z.string().optional(),
  locked: z.boolean().optional(),
  error: z.string().optional(),
});

/** A process that holds embedded servers, for tests that kill it. */
export interface Holder {
  readonly process: ChildProcess;
  /** What it said when it was ready, or why it was not. */
  readonly said: z.infer<typeof saidSchema>;
  /** Lets it end in order, and waits for that. */
  end: () => Promise<void>;
  /** Kills it without any chance to clean up, and waits for that. */
  kill: () => Promise<void>;
}

/** Starts `test/holder.ts` and waits for its line. */
export async function startHolder(input: {
  readonly dataDir: string;
  readonly what: 'postgres' | 'temporal' | 'lock';
  readonly graceSeconds?: number;
}): Promise<Holder> {
  const child = spawn(
    process.execPath,
    [
      '--import',
      'tsx',
      join(import.meta.dirname, 'holder.ts'),
      input.dataDir,
      input.what,
      (input.graceSeconds ?? 30).toString(),
    ],
    { stdio: ['pipe', 'pipe', 'inherit'] },
  );
  const gone = once(child, 'exit');
  const lines = createInterface({ input: child.stdout });
  const line = await new Promise<string>((resolve) => lines.once('line', resolve));
  return {
    process: child,
    said: saidSchema.parse(JSON.parse(line)),
    end: async () => {
      child.stdin.end();
      await gone;
    },
    kill: async () => {
      child.kill('SIGKILL');
      await gone;
    },
  };
}
