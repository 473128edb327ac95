import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { realpath, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { expect } from '@jest/globals';
import { z } from 'zod';

const ROOT = join(import.meta.dirname, '..', '..');

/** What the machine needs; a demo sees nothing else of the environment. */
const KEPT = ['PATH', 'HOME', 'TMPDIR', 'XDG_CACHE_HOME', 'TEMPORAL_CLI_PATH'];

const time = z.iso.datetime({ offset: true });
const sha256 = z.string().regex(/^[0-9a-f]{64}$/);

/** The demo's one document. */
export const documentSchema = z.object({
  incidentId: z.string().min(1),
  outcome: z.string(),
  playbook: z.object({ name: z.string(), digest: sha256 }),
  steps: z.array(
    z.object({
      step: z.string(),
      outcome: z.string(),
      startedAt: time,
      endedAt: time,
      operations: z
        .array(z.object({ name: z.string(), target: z.string().nullable(), outcome: z.string() }))
        .min(1),
    }),
  ),
  knownGood: z.object({
    chosen: z.string(),
    rejected: z.array(
      z.object({ candidate: z.string(), code: z.string(), reason: z.string().min(1) }),
    ),
  }),
  blastRadius: z.array(z.object({ kind: z.string(), name: z.string() })),
  approvals: z
    .array(z.object({ operation: z.string(), status: z.string(), approvedBy: z.array(z.string()) }))
    .min(1),
  evidence: z
    .array(z.object({ id: z.string(), sha256, bytes: z.number().int().positive() }))
    .min(1),
  timeline: z.object({
    facts: z.number().int().positive(),
    headHash: sha256,
    verified: z.boolean(),
  }),
  postmortem: z.string(),
  url: z.url(),
});

/** The demo's one document, read. */
export type DemoDocument = z.output<typeof documentSchema>;

/** What a demo that ran left. */
export interface DemoEnd {
  readonly told: DemoDocument;
  /** What it narrated. */
  readonly narrated: string;
  /** Where its data lies; its cluster may lie elsewhere, where its account can reach it. */
  readonly dataDir: string;
  readonly cluster: string;
}

/** A demo in a process of its own. */
export interface DemoProcess {
  /** Waits for its end, which must be a good one with one document. */
  end(): Promise<DemoEnd>;
  /** Ends it if it still runs, and removes its data. */
  close(): Promise<void>;
}

function kept(): Readonly<Record<string, string>> {
  return Object.fromEntries(
    KEPT.flatMap((name) => {
      const value = process.env[name];
      return value === undefined ? [] : [[name, value]];
    }),
  );
}

/** What a demo is started with. */
interface DemoStart {
  /** Arguments of Node that name the program: this checkout's sources, or the compiled one, which begins sooner. */
  readonly program: readonly string[];
  readonly args?: readonly string[];
  /** Beside what the machine needs. */
  readonly environment?: Readonly<Record<string, string>>;
}

/** The program as a newcomer's checkout runs it. */
export const FROM_SOURCE = ['--import', 'tsx', join(ROOT, 'cli', 'main.ts')];

/** Starts an unattended demo. */
export function startDemo({ program, args = [], environment = {} }: DemoStart): DemoProcess {
  const child = spawn(process.execPath, [...program, 'demo', '--exit', '--json', ...args], {
    ...{ cwd: ROOT, env: { ...kept(), ...environment }, stdio: ['ignore', 'pipe', 'pipe'] },
  });
  let stdout = '';
  let stderr = '';
  child.stdout.on('data', (chunk) => (stdout += String(chunk)));
  child.stderr.on('data', (chunk) => (stderr += String(chunk)));
  const closed = new Promise<number | null>((resolve) => child.once('close', resolve));
  const leftovers: string[] = [];
  return {
    end: async () => {
      const code = await closed;
      // The end of what it told is what a failure needs.
      expect({ code, told: code === 0 ? '' : stderr.slice(-4_000) }).toEqual({ code: 0, told: '' });
      expect(stdout.trimEnd().split('\n')).toHaveLength(1);
      const told = documentSchema.parse(JSON.parse(stdout));
      const dataDir = dirname(told.postmortem);
      const cluster = await realpath(join(dataDir, 'postgres'));
      leftovers.push(cluster, dataDir);
      return { told, narrated: stderr, dataDir, cluster };
    },
    close: async () => {
      if (child.exitCode === null && child.signalCode === null) {
        child.kill('SIGTERM');
        await once(child, 'exit');
      }
      for (const path of leftovers) await rm(path, { recursive: true, force: true });
    },
  };
}
