import { randomUUID } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { Context } from '@temporalio/activity';
import { Client, Connection, type WorkflowHandle } from '@temporalio/client';
import { NativeConnection, Worker } from '@temporalio/worker';
import { connectorModules } from '../../connectors/registry.ts';
import type { Activities } from '../../activities/activity.ts';
import type { DecisionCommand } from '../../domain/decision.ts';
import type { PinnedPlaybook, PlaybookOperation, StepName } from '../../domain/playbook.ts';
import { loadPlaybooks } from '../../playbooks/loader.ts';
import {
  decideUpdate,
  INCIDENT_WORKFLOW,
  statusQuery,
  type IncidentInput,
  type RunStatus,
} from '../../workflows/messages.ts';
import { quietTemporalRuntime, temporalAddress, unique, workflowBundlePath } from '../harness.ts';
import { scriptedActivities } from '../replay/scripted-activities.ts';

// Goal: wherever P1, P2 and P3 fail, people get on: what may not be passed over is refused, everything else takes the run to
// its review. Method: the real workflow on real Temporal over activities that answer by a script; in each step each kind
// of operation, alone, in a group or under an approval, fails once; all runs go on side by side.
const WAIT_MAX_MS = 60_000;
const LOOK_MS = 250;

interface Failure {
  readonly pinned: PinnedPlaybook;
  readonly step: StepName;
  readonly operation: PlaybookOperation;
  /** Where the run is held: the operation itself, or the group or approval that it is in. */
  readonly heldAt: PlaybookOperation;
}

const manifests = connectorModules.map(({ manifest }) => manifest);
const SHIPPED = await loadPlaybooks(join(import.meta.dirname, '..', '..', 'playbooks'), manifests);

function insideOf(operation: PlaybookOperation): readonly PlaybookOperation[] {
  if (operation.kind === 'parallel') return operation.operations;
  return operation.kind === 'approval' ? [operation, ...operation.covers] : [operation];
}

/** One failure for each step, kind and place of a playbook. */
function failuresOf(pinned: PinnedPlaybook): readonly Failure[] {
  const all = pinned.playbook.steps.flatMap(({ name: step, operations }) =>
    operations.flatMap((heldAt) =>
      insideOf(heldAt).map((operation) => ({ pinned, step, operation, heldAt })),
    ),
  );
  const keyed = all
    .filter(({ operation }) => operation.kind !== 'wait')
    .map((failure): [string, Failure] => {
      const { step, operation, heldAt } = failure;
      return [`${step} ${operation.kind} ${heldAt.kind} ${operation.onFailure}`, failure];
    });
  return [...new Map(keyed).values()];
}

const FAILURES = SHIPPED.flatMap(failuresOf);
let client: Client;
let taskQueue = '';
const closers: (() => Promise<unknown>)[] = [];
/** What answers each run. */
const scripts = new Map<string, Activities>();

function scriptOf(workflowId: string): Activities {
  const script = scripts.get(workflowId);
  if (script === undefined) throw new Error(`nothing is written for ${workflowId}`);
  return script;
}

/** One worker answers every run: each activity asks the script of the run that it is of. */
function activitiesByRun(names: readonly string[]): object {
  const entries = names.map((name) => {
    const answer = (...input: readonly unknown[]): unknown => {
      const run = Context.current().info.workflowExecution?.workflowId ?? '';
      const activity: unknown = Reflect.get(scriptOf(run), name);
      if (typeof activity !== 'function') throw new Error(`${name} is not scripted`);
      return Reflect.apply(activity, null, input);
    };
    return [name, answer] as const;
  });
  return Object.fromEntries(entries);
}

beforeAll(async () => {
  await quietTemporalRuntime();
  const connection = await Connection.connect({ address: temporalAddress() });
  const native = await NativeConnection.connect({ address: temporalAddress() });
  client = new Client({ connection });
  taskQueue = unique('failures');
  const [pinned] = SHIPPED;
  if (pinned === undefined) throw new Error('no playbook is shipped');
  const worker = await Worker.create({
    connection: native,
    taskQueue,
    workflowBundle: { code: await readFile(await workflowBundlePath(), 'utf8') },
    activities: activitiesByRun(Object.keys(scriptedActivities(pinned, {}))),
  });
  const running = worker.run();
  closers.push(
    () => {
      worker.shutdown();
      return running;
    },
    () => connection.close(),
    () => native.close(),
  );
});
afterAll(async () => {
  for (const close of closers.splice(0)) await close();
});

async function statusWhen(
  handle: WorkflowHandle,
  holds: (status: RunStatus) => boolean,
): Promise<RunStatus> {
  const deadline = Date.now() + WAIT_MAX_MS;
  for (;;) {
    const status = await handle.query(statusQuery);
    if (holds(status)) return status;
    if (Date.now() > deadline) throw new Error(`stands at ${JSON.stringify(status.waiting)}`);
    await sleep(LOOK_MS);
  }
}

/** `accepted`, or why it was refused. */
async function answerTo(handle: WorkflowHandle, command: DecisionCommand): Promise<string> {
  const id = randomUUID();
  const actor = { person: 'ada', name: 'Ada', roles: [], channel: 'api' } as const;
  const at = new Date().toISOString();
  const decision = { id, incidentId: 'inc_scripted', command, actor, decidedAt: at } as const;
  const sent = { ...decision, signature: '', outcome: 'pending', reason: null } as const;
  try {
    const answer = await handle.executeUpdate(decideUpdate, { updateId: id, args: [sent] });
    return answer.outcome === 'accepted' ? 'accepted' : 'refused';
  } catch {
    return 'refused';
  }
}

/** How people get on at a failure; each way is taken by every third one. */
const WAYS = ['retry', 'skip', 'mark-done'] as const;

async function getOn(handle: WorkflowHandle, { heldAt }: Failure, index: number): Promise<void> {
  const reason = 'seen';
  const elsewhere: DecisionCommand = { kind: 'skip', operation: 'elsewhere', reason };
  expect(await answerTo(handle, elsewhere)).toBe('refused');
  for (const command of [
    { kind: 'hand-over', to: 'grace', reason },
    { kind: 'severity', severity: 'sev1', reason },
    { kind: 'pause', reason },
    { kind: 'resume' },
  ] as const satisfies readonly DecisionCommand[]) {
    expect(await answerTo(handle, command)).toBe('accepted');
  }
  const sealed = heldAt.kind === 'seal' || heldAt.kind === 'approval';
  const skip: DecisionCommand = { kind: 'skip', operation: heldAt.name, reason };
  if (sealed) expect(await answerTo(handle, skip)).toBe('refused');
  const way = WAYS[index % WAYS.length] ?? 'retry';
  const command: DecisionCommand =
    way === 'retry' || sealed ? { kind: 'retry' } : { kind: way, operation: heldAt.name, reason };
  expect(await answerTo(handle, command)).toBe('accepted');
}

async function live(failure: Failure, index: number): Promise<void> {
  const { pinned, operation, heldAt } = failure;
  const workflowId = unique('failure');
  scripts.set(workflowId, scriptedActivities(pinned, { [operation.name]: 'failed' }));
  const input: IncidentInput = {
    incidentId: 'inc_scripted',
    generation: 1,
    continueAsNewAfterEvents: 10_000,
    searchAttributes: false,
    carried: null,
  };
  const handle = await client.workflow.start(INCIDENT_WORKFLOW, {
    taskQueue,
    workflowId,
    args: [input],
  });
  const stopped = await statusWhen(handle, ({ waiting }) =>
    ['held', 'close'].includes(waiting?.kind ?? ''),
  );
  const goesOn = [operation, heldAt].some(({ onFailure }) => onFailure === 'continue');
  if (goesOn) {
    expect(stopped.waiting?.kind).toBe('close');
  } else {
    expect(stopped.waiting).toMatchObject({ kind: 'held', operation: heldAt.name });
    await getOn(handle, failure, index);
    await statusWhen(handle, ({ waiting }) => waiting?.kind === 'close');
  }
  await handle.terminate();
}

describe('each failure of P1, P2 and P3', () => {
  test('holds where it happened, and people get on from there', async () => {
    expect(new Set(FAILURES.map(({ pinned }) => pinned.playbook.name)).size).toBe(3);
    const AT_ONCE = 8;
    const queue = [...FAILURES.entries()];
    const problems: string[] = [];
    const lane = async (): Promise<void> => {
      for (let next = queue.shift(); next; next = queue.shift()) {
        const [index, failure] = next;
        await live(failure, index).catch((error: unknown) => {
          const { pinned, operation } = failure;
          problems.push(`${pinned.playbook.name} ${operation.name}: ${String(error)}`);
        });
      }
    };
    await Promise.all(Array.from({ length: AT_ONCE }, lane));
    expect(problems).toEqual([]);
    expect(FAILURES.length).toBeGreaterThan(30);
  }, 240_000);
});
