import { defineProbe, type AnyProbe, type CallContext } from '../connector.ts';
import { readPages, type AirflowClient } from './client.ts';
import { taskInstancesManifest, type TaskInstancesInput } from './manifest.ts';
import {
  dagRunsReply,
  taskInstancesReply,
  type DagRun,
  type TaskInstance,
} from './reply-schema.ts';

/** Runs whose task instances are asked for in one request. */
const RUNS_PER_REQUEST = 50;

interface Found<T> {
  readonly items: readonly T[];
  readonly truncated: boolean;
}

type Query = Readonly<Record<string, string | number | undefined>>;

async function readRuns(
  client: AirflowClient,
  asked: { readonly dag: string; readonly query: Query },
  context: CallContext,
): Promise<Found<DagRun>> {
  return readPages(async (page) => {
    const call = {
      method: 'GET' as const,
      path: ['dags', asked.dag, 'dagRuns'],
      query: { ...asked.query, ...page, order_by: '-run_after' },
      schema: dagRunsReply,
      permission: `DAG runs of ${asked.dag}: read`,
    };
    const { dag_runs: items, total_entries: total } = (await client.call(call, context)).value;
    return { items, total };
  });
}

/** Runs that were alive in the window: begun before its end, and ended after its beginning or not ended. */
async function readAliveRuns(
  client: AirflowClient,
  input: TaskInstancesInput,
  context: CallContext,
): Promise<Found<DagRun>> {
  const { dag, from, to } = input;
  const begun = { start_date_lte: to };
  const ended = await readRuns(client, { dag, query: { ...begun, end_date_gte: from } }, context);
  const running = await readRuns(client, { dag, query: { ...begun, state: 'running' } }, context);
  const byId = new Map([...ended.items, ...running.items].map((run) => [run.dag_run_id, run]));
  const items = [...byId.values()].sort((a, b) => compare(orderOf(a), orderOf(b)));
  return { items, truncated: ended.truncated || running.truncated };
}

function compare(a: string, b: string): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}

function orderOf(run: DagRun): string {
  return `${run.start_date ?? ''} ${run.dag_run_id}`;
}

async function readTasks(
  client: AirflowClient,
  asked: { readonly dag: string; readonly runs: readonly DagRun[] },
  context: CallContext,
): Promise<Found<TaskInstance>> {
  const items: TaskInstance[] = [];
  let truncated = false;
  for (let start = 0; start < asked.runs.length; start += RUNS_PER_REQUEST) {
    const runIds = asked.runs.slice(start, start + RUNS_PER_REQUEST).map((run) => run.dag_run_id);
    const found = await readPages(async ({ limit, offset }) => {
      const call = {
        method: 'POST' as const,
        path: ['dags', '~', 'dagRuns', '~', 'taskInstances', 'list'],
        json: { dag_ids: [asked.dag], dag_run_ids: runIds, page_limit: limit, page_offset: offset },
        schema: taskInstancesReply,
        readOnly: true,
        permission: `task instances of ${asked.dag}: read`,
      };
      const reply = (await client.call(call, context)).value;
      return { items: reply.task_instances, total: reply.total_entries };
    });
    items.push(...found.items);
    truncated ||= found.truncated;
    context.heartbeat({ tasks: items.length });
  }
  return { items: items.sort(byRunAndTask), truncated };
}

function byRunAndTask(a: TaskInstance, b: TaskInstance): number {
  const key = (task: TaskInstance): string =>
    `${task.start_date ?? '~'} ${task.dag_run_id} ${task.task_id} ${task.map_index.toString()}`;
  return compare(key(a), key(b));
}

/**
 * Probe `task-instances`: `{runs, tasks: [{dag, runId, task, state, try, startedAt, endedAt}]}` of the runs alive in
 * the window; the evidence holds all that Airflow says of them. Tasks are given as of their latest try.
 */
export function createTaskInstancesProbe(client: AirflowClient): AnyProbe {
  return defineProbe({
    manifest: taskInstancesManifest,
    read: async (input, context) => {
      const runs = await readAliveRuns(client, input, context);
      const tasks = await readTasks(client, { dag: input.dag, runs: runs.items }, context);
      const value = {
        runs: runs.items.map((run) => ({
          runId: run.dag_run_id,
          state: run.state,
          conf: run.conf,
          startedAt: run.start_date,
          endedAt: run.end_date,
        })),
        tasks: tasks.items.map((task) => ({
          dag: task.dag_id,
          runId: task.dag_run_id,
          task: task.task_id,
          state: task.state,
          try: task.try_number,
          startedAt: task.start_date,
          endedAt: task.end_date,
        })),
      };
      const all = {
        dag: input.dag,
        from: input.from,
        to: input.to,
        runs: runs.items,
        tasks: tasks.items,
      };
      const bytes = Buffer.from(`${JSON.stringify(all, null, 2)}\n`);
      return {
        value,
        evidence: { bytes, mediaType: 'application/json' },
        truncated: runs.truncated || tasks.truncated,
      };
    },
  });
}
