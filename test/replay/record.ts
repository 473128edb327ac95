// Records workflow histories for the replay test, once per released version: run
// `node --import tsx test/replay/record.ts ADDRESS` against a Temporal server; files that exist are kept.
import { existsSync } from 'node:fs';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { Client, Connection } from '@temporalio/client';
import { historyToJSON } from '@temporalio/common/lib/proto-utils.js';
import { NativeConnection, Worker } from '@temporalio/worker';
import { z } from 'zod';
import { connectorModules } from '../../connectors/registry.ts';
import { queueOf, WRITING_CREDENTIALS } from '../../domain/credential.ts';
import type { DecisionCommand } from '../../domain/decision.ts';
import type { PinnedPlaybook } from '../../domain/playbook.ts';
import { loadPlaybooks } from '../../playbooks/loader.ts';
import { buildWorkflowBundle } from '../../worker/bundle.ts';
import {
  decideUpdate,
  INCIDENT_WORKFLOW,
  statusQuery,
  type IncidentInput,
} from '../../workflows/messages.ts';
import { apartActivities, scriptedActivities, type Script } from './scripted-activities.ts';

/** One history: a playbook, what goes wrong in it, and what a person then says. */
interface Recording {
  readonly name: string;
  readonly playbook: string;
  readonly script: Script;
  readonly answer: DecisionCommand | null;
  /** True: probes of the playbook must confirm the alert. */
  readonly confirms?: true;
  /** Each credential has a process of its own: since before the run was loaded, or found out by its first effect. */
  readonly apart?: 'loaded' | 'found';
  /** The run loads inside its first workflow task and takes stretches for granted. */
  readonly lean?: true;
}

const RECORDINGS: readonly Recording[] = [
  { name: 'p1-model-drift', playbook: 'model-drift', script: {}, answer: null },
  { name: 'p2-poisoned-data', playbook: 'poisoned-data', script: {}, answer: null },
  { name: 'p3-tampered-artifact', playbook: 'tampered-artifact', script: {}, answer: null },
  {
    name: 'p2-gate-failed-retried',
    playbook: 'poisoned-data',
    script: { 'metrics-pass': 'failed' },
    answer: { kind: 'retry' },
  },
  {
    name: 'p2-gate-inconclusive-skipped',
    playbook: 'poisoned-data',
    script: { 'known-good-is-proven': 'inconclusive' },
    answer: { kind: 'skip', operation: 'known-good-is-proven', reason: 'looked at by hand' },
  },
  {
    name: 'p2-approval-rejected-retried',
    playbook: 'poisoned-data',
    script: { 'revert-together': 'failed' },
    answer: { kind: 'retry' },
  },
  {
    name: 'p2-group-member-failed-retried',
    playbook: 'poisoned-data',
    script: { 'scale-canary-away': 'failed' },
    answer: { kind: 'retry' },
  },
  {
    name: 'p2-member-failed-marked-done',
    playbook: 'poisoned-data',
    script: { 'traffic-away': 'failed' },
    answer: { kind: 'mark-done', operation: 'traffic-away', reason: 'done at the load balancer' },
  },
  {
    name: 'p2-effects-asked',
    playbook: 'poisoned-data',
    script: { 'traffic-away': 'asks', 'scale-canary-away': 'asks', 'hold-alias': 'asks' },
    answer: null,
  },
  { name: 'p2-veto-passed', playbook: 'poisoned-data', script: { 'traffic-away': 'veto' }, answer: null },
  {
    name: 'p1-not-confirmed',
    playbook: 'model-drift',
    script: { confirm: 'inconclusive' },
    answer: null,
    confirms: true,
  },
];

/** The same once more: neighbouring operations have run in one stretch since. */
const STRETCHED = RECORDINGS.map((recording) => ({
  ...recording,
  name: recording.name.replace('-', '-stretch-'),
}));

/** Some of them as runs are begun since they are lean: what differs is how they begin. */
const LEAN = RECORDINGS.filter(({ name }) =>
  ['p1-model-drift', 'p2-poisoned-data', 'p2-group-member-failed-retried'].includes(name),
).map((recording) => ({
  ...recording,
  name: recording.name.replace('-', '-lean-'),
  lean: true as const,
}));

/** Effects on the queues of their credentials. */
const APART: readonly Recording[] = (['loaded', 'found'] as const).map((apart) => ({
  name: `p2-apart-${apart}`,
  playbook: 'poisoned-data',
  script: {},
  answer: null,
  apart,
}));

const LOOK_MS = 20;
const WAIT_MAX_MS = 60_000;

async function main(): Promise<void> {
  const [, , address = '127.0.0.1:7233'] = process.argv;
  const root = join(import.meta.dirname, '..', '..');
  const manifest: unknown = JSON.parse(await readFile(join(root, 'package.json'), 'utf8'));
  const { version } = z.object({ version: z.string() }).parse(manifest);
  const folder = join(import.meta.dirname, 'histories', version);
  await mkdir(folder, { recursive: true });
  const manifests = connectorModules.map(({ manifest }) => manifest);
  const playbooks = await loadPlaybooks(join(root, 'playbooks'), manifests);
  const { code } = await buildWorkflowBundle();
  const connection = await Connection.connect({ address });
  const native = await NativeConnection.connect({ address });
  const client = new Client({ connection });
  for (const recording of [...RECORDINGS, ...STRETCHED, ...LEAN, ...APART]) {
    const file = join(folder, `${recording.name}.json`);
    const pinned = playbooks.find(({ playbook }) => playbook.name === recording.playbook);
    if (existsSync(file) || !pinned) continue;
    const run = { client, native, code, recording, pinned: confirming(pinned, recording) };
    const history = await record(run);
    // Traces of failures name files: what is kept names them as in any checkout.
    await writeFile(file, `${history.replaceAll(`${root}/`, '')}\n`);
    process.stderr.write(`${recording.name}\n`);
  }
  await native.close();
  await connection.close();
}

/** The playbook, with what confirms the alert where that is to be recorded. */
function confirming(pinned: PinnedPlaybook, { confirms }: Recording): PinnedPlaybook {
  if (confirms === undefined) return pinned;
  const { playbook, digest } = pinned;
  return { digest, playbook: { ...playbook, confirm: { probes: [], needs: 1, withinSeconds: 60 } } };
}

async function record(run: {
  readonly client: Client;
  readonly native: NativeConnection;
  readonly code: string;
  readonly recording: Recording;
  readonly pinned: PinnedPlaybook;
}): Promise<string> {
  const { client, recording, pinned } = run;
  const taskQueue = `record-${randomUUID()}`;
  const { apart } = recording;
  const all = scriptedActivities(pinned, recording.script);
  const worker = await Worker.create({
    connection: run.native,
    taskQueue,
    workflowBundle: { code: run.code },
    activities: { ...(apart === undefined ? all : apartActivities(pinned, all, apart)) },
  });
  const others = await Promise.all(
    (apart === undefined ? [] : WRITING_CREDENTIALS).map((credential) =>
      Worker.create({
        connection: run.native,
        taskQueue: queueOf(taskQueue, credential),
        activities: { act: all.act, runStretch: all.runStretch },
      }),
    ),
  );
  const ended = others.map((other) => other.run());
  const history = await worker.runUntil(async () => {
    const input: IncidentInput = {
      incidentId: 'inc_recorded',
      generation: 1,
      continueAsNewAfterEvents: 10_000,
      searchAttributes: false,
      carried: null,
      ...(recording.lean ? { lean: true } : {}),
    };
    const handle = await client.workflow.start(INCIDENT_WORKFLOW, {
      taskQueue,
      workflowId: `recorded/${recording.name}/${randomUUID()}`,
      args: [input],
    });
    const decide = async (command: DecisionCommand): Promise<void> => {
      const id = randomUUID();
      const actor = { person: 'ada', name: 'Ada', roles: [], channel: 'api' } as const;
      const decidedAt = new Date().toISOString();
      const decision = { id, incidentId: 'inc_recorded', command, actor, decidedAt } as const;
      await handle.executeUpdate(decideUpdate, {
        updateId: id,
        args: [{ ...decision, signature: '', outcome: 'pending', reason: null }],
      });
    };
    const waitingFor = async (kind: string): Promise<void> => {
      const deadline = Date.now() + WAIT_MAX_MS;
      while ((await handle.query(statusQuery)).waiting?.kind !== kind) {
        if (Date.now() > deadline) throw new Error(`${recording.name} never waited for ${kind}`);
        await sleep(LOOK_MS);
      }
    };
    if (recording.answer) {
      await waitingFor('held');
      await decide(recording.answer);
    }
    await waitingFor('close');
    await decide({ kind: 'close', verdict: 'confirmed', reason: 'recorded', leave: [] });
    await handle.result();
    return historyToJSON(await handle.fetchHistory());
  });
  for (const other of others) other.shutdown();
  await Promise.all(ended);
  return history;
}

await main();
