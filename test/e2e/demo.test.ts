import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { access, realpath, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { dirname, join } from 'node:path';
import { afterEach, expect, test } from '@jest/globals';
import { z } from 'zod';
import { findProcesses } from '../../app/embedded/process-identity.ts';
import { clusterMark } from '../../app/embedded/postgres-orphan.ts';
import { tempDir } from '../harness.ts';

// Goal: the main job is what a newcomer sees, whatever the environment names. Method: the demo as a child process
// beside a trap that every hostile variable points to; then its one document, and what is left of it.
const ROOT = join(import.meta.dirname, '..', '..');
const TEST_MAX_MS = 600_000;

/** What the machine needs; everything else that the demo sees is hostile. */
const KEPT = ['PATH', 'HOME', 'TMPDIR', 'XDG_CACHE_HOME', 'TEMPORAL_CLI_PATH'];

const time = z.iso.datetime({ offset: true });
const sha256 = z.string().regex(/^[0-9a-f]{64}$/);

const documentSchema = z.object({
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
  approvals: z.array(z.object({ id: z.string(), status: z.string() })).min(1),
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

const closers: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

/** A listener that must never be reached. */
async function startTrap(): Promise<{ readonly port: string; readonly connections: () => number }> {
  let connections = 0;
  const server = createServer((socket) => {
    connections += 1;
    socket.destroy();
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  closers.push(async () => {
    server.close();
    await once(server, 'close');
  });
  const address = server.address();
  const port = typeof address === 'object' && address !== null ? address.port.toString() : '';
  return { port, connections: () => connections };
}

async function hostileVariables(port: string): Promise<Readonly<Record<string, string>>> {
  const kubeconfig = join(await tempDir(), 'kubeconfig');
  const cluster = { name: 'prod', cluster: { server: `http://127.0.0.1:${port}` } };
  const context = { name: 'prod', context: { cluster: 'prod', user: 'prod' } };
  await writeFile(
    kubeconfig,
    JSON.stringify({
      apiVersion: 'v1',
      kind: 'Config',
      clusters: [cluster],
      contexts: [context],
      users: [{ name: 'prod', user: {} }],
      'current-context': 'prod',
    }),
  );
  return {
    DATABASE_URL: `postgres://u:p@127.0.0.1:${port}/prod`,
    PGHOST: '127.0.0.1',
    PGPORT: port,
    PGUSER: 'prod',
    PGPASSWORD: 'prod',
    TEMPORAL_ADDRESS: `127.0.0.1:${port}`,
    TEMPORAL_NAMESPACE: 'prod',
    KUBECONFIG: kubeconfig,
    KUBERNETES_SERVICE_HOST: '127.0.0.1',
    KUBERNETES_SERVICE_PORT: port,
    SLACK_BOT_TOKEN: 'xoxb-prod',
    SLACK_API_URL: `http://127.0.0.1:${port}/api/`,
    SMTP_URL: `smtp://127.0.0.1:${port}`,
    MLFLOW_TRACKING_URI: `http://127.0.0.1:${port}`,
    FIREBREAK_URL: `http://127.0.0.1:${port}`,
    FIREBREAK_TOKEN: 'fb_prod',
  };
}

function kept(): Readonly<Record<string, string>> {
  return Object.fromEntries(
    KEPT.flatMap((name) => {
      const value = process.env[name];
      return value === undefined ? [] : [[name, value]];
    }),
  );
}

async function endOf(child: ChildProcess): Promise<{
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}> {
  let stdout = '';
  let stderr = '';
  child.stdout?.on('data', (chunk) => (stdout += String(chunk)));
  child.stderr?.on('data', (chunk) => (stderr += String(chunk)));
  const code = await new Promise<number | null>((resolve) => child.once('close', resolve));
  return { code, stdout, stderr };
}

test(
  'the demo runs all five steps, says so in one document, connects nowhere else and leaves nothing',
  async () => {
    const trap = await startTrap();
    const child = spawn(
      process.execPath,
      ['--import', 'tsx', join(ROOT, 'cli/main.ts'), 'demo', '--exit', '--json'],
      {
        cwd: ROOT,
        env: { ...kept(), ...(await hostileVariables(trap.port)) },
        stdio: ['ignore', 'pipe', 'pipe'],
      },
    );
    closers.push(async () => {
      if (child.exitCode === null && child.signalCode === null) {
        child.kill('SIGTERM');
        await once(child, 'exit');
      }
    });
    const { code, stdout, stderr } = await endOf(child);
    // The end of what it told is what a failure needs.
    expect({ code, told: code === 0 ? '' : stderr.slice(-4_000) }).toEqual({ code: 0, told: '' });
    expect(trap.connections()).toBe(0);

    expect(stdout.trimEnd().split('\n')).toHaveLength(1);
    const told = documentSchema.parse(JSON.parse(stdout));
    expect(told.outcome).toBe('succeeded');
    expect(told.playbook.name).toBe('poisoned-data');
    expect(told.steps.map(({ step, outcome }) => `${step} ${outcome}`)).toEqual([
      'isolate succeeded',
      'audit succeeded',
      'revert succeeded',
      'forensics succeeded',
      'redeploy succeeded',
    ]);
    expect(told.knownGood.chosen).toBe('6');
    expect(
      told.knownGood.rejected.map(({ candidate, code: why }) => `${candidate} ${why}`),
    ).toEqual(['9 digest_mismatch', '8 in_blast_radius', '7 in_blast_radius']);
    expect(told.blastRadius.map(({ name }) => name)).toContain('chargeback-ranker');
    expect(new Set(told.approvals.map(({ status }) => status))).toEqual(new Set(['approved']));
    expect(told.timeline.verified).toBe(true);
    await access(told.postmortem);

    const dataDir = dirname(told.postmortem);
    // The cluster may live elsewhere, behind a link: where its account can reach it.
    const cluster = await realpath(join(dataDir, 'postgres'));
    closers.push(() => rm(dataDir, { recursive: true, force: true }));
    closers.push(() => rm(cluster, { recursive: true, force: true }));
    const mark = clusterMark(cluster);
    expect(findProcesses((command) => command.includes(dataDir) || command.includes(mark))).toEqual(
      [],
    );
  },
  TEST_MAX_MS,
);
