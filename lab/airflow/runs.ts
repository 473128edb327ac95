import { randomUUID } from 'node:crypto';
import { z } from 'zod';
import type { TwinReply, TwinRequest } from '../twin.ts';
import { AirflowFailure } from './failure.ts';
import { momentQuery, one, pageOf, pageQuery, readBody, readQuery } from './message.ts';
import { ok, runsOf, type AirflowWorld, type DagAndRun, type Route } from './route.ts';
import { dagNamed, newTask, runBody, runNamed, type RunRecord } from './world.ts';

const runsQuery = pageQuery.extend({
  start_date_gte: momentQuery.optional(),
  start_date_lte: momentQuery.optional(),
  end_date_gte: momentQuery.optional(),
  end_date_lte: momentQuery.optional(),
  state: z.array(z.string()).default([]),
  order_by: one
    .refine((text) => /^-?(id|run_after|start_date|end_date|dag_id)$/.test(text), {
      message:
        'Ordering with this field is disallowed or the attribute does not exist on the model',
    })
    .default('id'),
});

/** A null date satisfies no bound, as in SQL. */
function within(date: Date | null, gte: number | undefined, lte: number | undefined): boolean {
  if (gte === undefined && lte === undefined) return true;
  if (date === null) return false;
  return date.getTime() >= (gte ?? -Infinity) && date.getTime() <= (lte ?? Infinity);
}

function orderKey(field: string, { run }: DagAndRun): number | string {
  switch (field) {
    case 'run_after':
      return run.runAfter.getTime();
    case 'start_date':
      return run.startedAt?.getTime() ?? 0;
    case 'end_date':
      return run.endedAt?.getTime() ?? 0;
    case 'dag_id':
      return run.dagId;
    default:
      return 0;
  }
}

function listRuns(world: AirflowWorld, request: TwinRequest, dagId: string): TwinReply {
  const query = readQuery(request, runsQuery);
  const field = query.order_by.replace(/^-/, '');
  const sign = query.order_by.startsWith('-') ? -1 : 1;
  const found = runsOf(world, dagId)
    .filter(({ run }) => query.state.length === 0 || query.state.includes(run.state))
    .filter(({ run }) => within(run.startedAt, query.start_date_gte, query.start_date_lte))
    .filter(({ run }) => within(run.endedAt, query.end_date_gte, query.end_date_lte))
    .sort((a, b) => (orderKey(field, a) < orderKey(field, b) ? -sign : sign));
  const page = pageOf(found, query).map(({ dag, run }) => runBody(dag, run));
  return ok({ dag_runs: page, total_entries: found.length });
}

const triggerBody = z.strictObject({
  dag_run_id: z.string().nullish(),
  data_interval_start: z.iso.datetime({ offset: true }).nullish(),
  data_interval_end: z.iso.datetime({ offset: true }).nullish(),
  // Must be there; may be null.
  logical_date: z.iso.datetime({ offset: true }).nullable(),
  run_after: z.iso.datetime({ offset: true }).nullish(),
  conf: z.record(z.string(), z.unknown()).nullish(),
  note: z.string().nullish(),
});

function trigger(world: AirflowWorld, request: TwinRequest, dagId: string): TwinReply {
  const body = readBody(request, triggerBody);
  const dag = dagNamed(world.dags, dagId);
  const at = world.now();
  const runId = body.dag_run_id ?? `manual__${at.toISOString()}_${randomUUID().slice(0, 8)}`;
  if (!/^[A-Za-z0-9_.~:+-]+$/.test(runId)) {
    throw new AirflowFailure(400, `The run_id provided '${runId}' does not match the pattern`);
  }
  if (dag.runs.has(runId)) {
    throw new AirflowFailure(409, {
      reason: 'Unique constraint violation',
      statement: 'hidden',
      orig_error: 'hidden',
      message: 'hidden',
    });
  }
  const run: RunRecord = {
    dagId,
    runId,
    conf: body.conf ?? {},
    note: body.note ?? null,
    logicalDate: body.logical_date,
    runAfter: at,
    state: 'queued',
    queuedAt: at,
    startedAt: null,
    endedAt: null,
    tasks: dag.declared.tasks.map((task) => newTask(task.id)),
  };
  dag.runs.set(runId, run);
  const reply = { status: 200, body: runBody(dag, run), changed: true };
  world.scheduler.wake(dag);
  return reply;
}

const runPatch = z.strictObject({
  state: z.enum(['queued', 'success', 'failed']).optional(),
  note: z.string().nullish(),
});

function patchRun(world: AirflowWorld, request: TwinRequest, parts: readonly string[]): TwinReply {
  const [dagId = '', runId = ''] = parts;
  const dag = dagNamed(world.dags, dagId);
  const run = runNamed(dag, runId);
  const { state } = readBody(request, runPatch);
  const changed = state !== undefined && state !== run.state;
  if (state !== undefined) run.state = state;
  if (changed && state !== 'queued') run.endedAt = world.now();
  world.scheduler.wake(dag);
  return { status: 200, body: runBody(dag, run), changed };
}

/** Routes of DAG runs. */
export function createRunRoutes(world: AirflowWorld): readonly Route[] {
  return [
    {
      method: 'GET',
      path: 'dags/*/dagRuns',
      handler: (request, [dagId = '']) => listRuns(world, request, dagId),
    },
    {
      method: 'POST',
      path: 'dags/*/dagRuns',
      handler: (request, [dagId = '']) => trigger(world, request, dagId),
    },
    {
      method: 'GET',
      path: 'dags/*/dagRuns/*',
      handler: (_, [dagId = '', runId = '']) => {
        const dag = dagNamed(world.dags, dagId);
        return ok(runBody(dag, runNamed(dag, runId)));
      },
    },
    {
      method: 'PATCH',
      path: 'dags/*/dagRuns/*',
      handler: (request, parts) => patchRun(world, request, parts),
    },
  ];
}
