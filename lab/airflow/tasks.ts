import { z } from 'zod';
import type { TwinReply, TwinRequest } from '../twin.ts';
import { AirflowFailure, missing } from './failure.ts';
import { pageOf, pageQuery, readBody, readQuery } from './message.ts';
import { EVERY, ok, runsOf, type AirflowWorld, type DagAndRun, type Route } from './route.ts';
import { dagNamed, newTask, runNamed, taskBody, type TaskRecord } from './world.ts';

interface Located extends DagAndRun {
  readonly task: TaskRecord;
}

function tasksOf(found: readonly DagAndRun[]): readonly Located[] {
  return found.flatMap(({ dag, run }) => run.tasks.map((task) => ({ dag, run, task })));
}

function taskPage(
  found: readonly Located[],
  page: { readonly limit: number; readonly offset: number },
): TwinReply {
  return ok({
    task_instances: pageOf(found, page).map(({ dag, run, task }) => taskBody(dag, run, task)),
    total_entries: found.length,
  });
}

const idList = z.array(z.string()).nullish();
const batchBody = z.strictObject({
  dag_ids: idList,
  dag_run_ids: idList,
  task_ids: idList,
  state: z.array(z.string().nullable()).nullish(),
  page_offset: z.int().min(0).default(0),
  page_limit: z.int().min(0).default(100),
  order_by: z.string().nullish(),
});

function listTasks(world: AirflowWorld, request: TwinRequest, parts: readonly string[]): TwinReply {
  const [dagId = '', runId = ''] = parts;
  if (dagId !== EVERY || runId !== EVERY) {
    throw new AirflowFailure(422, [
      { type: 'literal_error', loc: ['path', 'dag_id'], msg: "Input should be '~'", input: dagId },
    ]);
  }
  const body = readBody(request, batchBody);
  const among = (
    list: readonly (string | null)[] | null | undefined,
    value: string | null,
  ): boolean => list === null || list === undefined || list.includes(value);
  const found = tasksOf(runsOf(world, EVERY)).filter(
    ({ run, task }) =>
      among(body.dag_ids, run.dagId) &&
      among(body.dag_run_ids, run.runId) &&
      among(body.task_ids, task.taskId) &&
      among(body.state, task.state),
  );
  return taskPage(found, { limit: Math.min(body.page_limit, 100), offset: body.page_offset });
}

const clearBody = z.strictObject({
  // The defaults pretend, spare what succeeded, and reset the run.
  dry_run: z.boolean().default(true),
  start_date: z.iso.datetime({ offset: true }).nullish(),
  end_date: z.iso.datetime({ offset: true }).nullish(),
  only_failed: z.boolean().default(true),
  only_running: z.boolean().default(false),
  reset_dag_runs: z.boolean().default(true),
  task_ids: z.array(z.union([z.string(), z.tuple([z.string(), z.int()])])).nullish(),
  dag_run_id: z.string().nullish(),
  include_upstream: z.boolean().default(false),
  include_downstream: z.boolean().default(false),
  include_future: z.boolean().default(false),
  include_past: z.boolean().default(false),
  run_on_latest_version: z.boolean().default(false),
});

function clear(world: AirflowWorld, request: TwinRequest, dagId: string): TwinReply {
  const body = readBody(request, clearBody);
  const dag = dagNamed(world.dags, dagId);
  const runs = body.dag_run_id ? [runNamed(dag, body.dag_run_id)] : [...dag.runs.values()];
  const wanted = body.task_ids?.map((task) => (typeof task === 'string' ? task : task[0]));
  const found = tasksOf(runs.map((run) => ({ dag, run })))
    .filter(({ task }) => wanted?.includes(task.taskId) ?? true)
    .filter(({ task }) => !body.only_failed || /failed$/.test(task.state ?? ''))
    .filter(({ task }) => !body.only_running || task.state === 'running');
  if (!body.dry_run) {
    for (const { task } of found) {
      Object.assign(task, newTask(task.taskId), { tryNumber: task.tryNumber });
    }
    if (body.reset_dag_runs) {
      for (const { run } of found) Object.assign(run, { state: 'queued', queuedAt: world.now() });
    }
  }
  const reply = taskPage(found, { limit: found.length, offset: 0 });
  world.scheduler.wake(dag);
  return { ...reply, changed: !body.dry_run && found.length > 0 };
}

function oneTask(world: AirflowWorld, parts: readonly string[]): TwinReply {
  const [dagId = '', runId = '', taskId = ''] = parts;
  const dag = dagNamed(world.dags, dagId);
  const run = runNamed(dag, runId);
  const task = run.tasks.find((other) => other.taskId === taskId);
  if (task) return ok(taskBody(dag, run, task));
  throw missing(
    `The Task Instance with dag_id: \`${dagId}\`, run_id: \`${runId}\` and task_id: \`${taskId}\` was not found`,
  );
}

/** Routes of task instances. */
export function createTaskRoutes(world: AirflowWorld): readonly Route[] {
  return [
    {
      method: 'GET',
      path: 'dags/*/dagRuns/*/taskInstances',
      handler: (request, [dagId = '', runId = '']) => {
        const query = readQuery(request, pageQuery);
        const dag = dagNamed(world.dags, dagId);
        return taskPage(tasksOf([{ dag, run: runNamed(dag, runId) }]), query);
      },
    },
    {
      method: 'POST',
      path: 'dags/*/dagRuns/*/taskInstances/list',
      handler: (request, parts) => listTasks(world, request, parts),
    },
    {
      method: 'GET',
      path: 'dags/*/dagRuns/*/taskInstances/*',
      handler: (_, parts) => oneTask(world, parts),
    },
    {
      method: 'POST',
      path: 'dags/*/clearTaskInstances',
      handler: (request, [dagId = '']) => clear(world, request, dagId),
    },
  ];
}
