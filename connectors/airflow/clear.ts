import { z } from 'zod';
import { AppError } from '../../domain/error.ts';
import type { JsonObject } from '../../domain/json.ts';
import type { Difference, Plan, Receipt, Verdict } from '../../domain/plan.ts';
import { defineAction, type AnyAction, type CallContext } from '../connector.ts';
import { dagByHand } from './by-hand.ts';
import type { AirflowClient } from './client.ts';
import { clearManifest, type ClearInput } from './manifest.ts';
import { taskInstancesReply, type TaskInstance } from './reply-schema.ts';

const state = z.strictObject({
  tasks: z.array(
    z.strictObject({
      task: z.string(),
      mapIndex: z.int(),
      /** Airflow's id of this execution; null in `after` stands for any other one. */
      instance: z.string().nullable(),
    }),
  ),
});
/** Which execution of each task is the current one: Airflow gives a new id at every clear. */
type ClearState = z.infer<typeof state>;

/** Task instances that one clear may reach. */
const INSTANCES_MAX = 500;

async function observe(
  client: AirflowClient,
  input: ClearInput,
  context: CallContext,
): Promise<readonly TaskInstance[]> {
  const found = await client.taskInstances(input.dag, input.runId, context);
  return found.filter((instance) => input.tasks.includes(instance.task_id));
}

async function planClear(
  client: AirflowClient,
  input: ClearInput,
  context: CallContext,
): Promise<Plan<ClearState>> {
  const { dag, runId, tasks } = input;
  const found = await observe(client, input, context);
  const missing = tasks.find((task) => !found.some((instance) => instance.task_id === task));
  if (missing !== undefined) {
    throw new AppError('not_found', `Run ${runId} of ${dag} has no task ${missing}.`, {
      field: 'tasks',
    });
  }
  if (found.length > INSTANCES_MAX) {
    throw new AppError(
      'too_large',
      `More than ${INSTANCES_MAX.toString()} task instances would be cleared.`,
    );
  }
  const before = found.map((instance) => ({
    task: instance.task_id,
    mapIndex: instance.map_index,
    instance: instance.id,
  }));
  return {
    summary: `Clear ${tasks.join(', ')} of run ${runId} of DAG ${dag}, so that they run again.`,
    targets: [clearManifest.target(input)],
    before: { tasks: before },
    after: { tasks: before.map((task) => ({ ...task, instance: null })) },
    token: null,
    undo: 'None: a task that ran again cannot be made not to have run.',
  };
}

/** The planned executions that are no longer the current ones. */
function clearedOf(
  plan: Plan<ClearState>,
  observed: readonly TaskInstance[],
): readonly Difference[] {
  return plan.before.tasks.flatMap((planned) => {
    const now = observed.find(
      (other) => other.task_id === planned.task && other.map_index === planned.mapIndex,
    );
    const path = `tasks.${planned.task}[${planned.mapIndex.toString()}].instance`;
    const difference = { path, before: planned.instance, after: null, observed: now?.id ?? null };
    return now?.id === planned.instance ? [] : [difference];
  });
}

async function applyClear(
  client: AirflowClient,
  input: ClearInput,
  work: { readonly plan: Plan<ClearState>; readonly context: CallContext },
): Promise<Receipt> {
  const { plan, context } = work;
  const differences = clearedOf(plan, await observe(client, input, context));
  const all = plan.before.tasks.length;
  if (differences.length > 0 && differences.length < all) {
    const some = `${differences.length.toString()} of ${all.toString()}`;
    throw new AppError('conflict', `Somebody cleared ${some} tasks since the plan.`, {
      details: { differences },
    });
  }
  if (differences.length === 0) await clearTasks(client, input, context);
  return { externalId: `${input.dag}/${input.runId}`, origin: 'ours' };
}

/** The defaults would only pretend, and only for failed tasks. */
function clearBody({ runId, tasks }: ClearInput): JsonObject {
  return {
    dry_run: false,
    only_failed: false,
    only_running: false,
    reset_dag_runs: true,
    include_upstream: false,
    include_downstream: false,
    include_future: false,
    include_past: false,
    dag_run_id: runId,
    task_ids: [...tasks],
  };
}

async function clearTasks(
  client: AirflowClient,
  input: ClearInput,
  context: CallContext,
): Promise<void> {
  await client.call(
    {
      method: 'POST',
      path: ['dags', input.dag, 'clearTaskInstances'],
      json: clearBody(input),
      schema: taskInstancesReply.partial(),
      permission: `task instances of ${input.dag}: edit`,
    },
    context,
  );
}

async function verifyClear(
  client: AirflowClient,
  input: ClearInput,
  work: { readonly plan: Plan<ClearState>; readonly context: CallContext },
): Promise<Verdict> {
  const cleared = clearedOf(work.plan, await observe(client, input, work.context)).length;
  const left = work.plan.before.tasks.length - cleared;
  return left === 0
    ? { holds: 'yes' }
    : { holds: 'no', reason: `${left.toString()} tasks have not been cleared.` };
}

/**
 * Action `clear`: named tasks of one run run again, no others. It acts once: an execution that is no longer the
 * planned one has been cleared. Raises `not_found`, `conflict` (somebody cleared some of them) and `too_large`.
 */
export function createClear(client: AirflowClient): AnyAction {
  return defineAction<ClearInput, ClearState>({
    manifest: clearManifest,
    before: state,
    reversible: false,
    because: 'A task that ran again cannot be made not to have run.',
    plan: (input, context) => planClear(client, input, context),
    byHand: (input) =>
      dagByHand('POST', [input.dag, 'clearTaskInstances'], { body: clearBody(input) }),
    apply: (input, plan, context) => applyClear(client, input, { plan, context }),
    verify: (input, plan, context) => verifyClear(client, input, { plan, context }),
  });
}
