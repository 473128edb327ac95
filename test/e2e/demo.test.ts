import { once } from 'node:events';
import { access, readFile, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { findProcesses } from '../../app/embedded/process-identity.ts';
import { clusterMark } from '../../app/embedded/postgres-orphan.ts';
import { closersAfterEach } from '../closers.ts';
import { tempDir } from '../harness.ts';
import { FROM_SOURCE, startDemo } from './demo-process.ts';

// Goal: the main job is what a newcomer sees, whatever the environment names. Method: the demo as a child process
// beside a trap that every hostile variable points to; then its one document, and what is left of it.
const TEST_MAX_MS = 600_000;

const closers = closersAfterEach();

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

/** The notification, the question by mail and its card: as files, and as they were shown. */
async function expectMessages(dataDir: string, narrated: string): Promise<void> {
  const kept = (name: string): Promise<string> => readFile(join(dataDir, 'messages', name), 'utf8');
  const opened = await kept('opened.eml');
  const asked = await kept('approval.eml');
  const id = /^Message-ID: (<[^>]+>)/imu.exec(opened)?.[1] ?? 'none';
  expect(asked).toMatch(new RegExp(`^In-Reply-To:\\s+${id}`, 'imu'));
  const question = await kept('approval.txt');
  for (const needed of ['Approval needed (R3)', 'Who may decide', 'Undo:', 'Plan digest', ' + 6']) {
    expect(question).toContain(needed);
  }
  expect(await kept('approval.html')).not.toMatch(/<(?:img|script|link)|url\(/iu);
  const card = await kept('card.txt');
  expect(card).toContain('[ Approve ]  [ Reject… ]');
  const [title = 'none'] = card.split('\n');
  for (const shown of [title, 'Subject: Re: #1 ', 'Approval needed (R3)']) {
    expect(narrated).toContain(shown);
  }
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

test(
  'the demo runs all five steps, says so in one document, connects nowhere else and leaves nothing',
  async () => {
    const trap = await startTrap();
    const demo = startDemo({
      program: FROM_SOURCE,
      environment: await hostileVariables(trap.port),
    });
    closers.push(() => demo.close());
    const { told, narrated, dataDir, cluster } = await demo.end();
    expect(trap.connections()).toBe(0);

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
    await expectMessages(dataDir, narrated);

    const mark = clusterMark(cluster);
    expect(findProcesses((command) => command.includes(dataDir) || command.includes(mark))).toEqual(
      [],
    );
  },
  TEST_MAX_MS,
);
