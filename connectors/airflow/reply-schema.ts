import { z } from 'zod';

const moment = z.string().nullable().default(null);

/** Reply of `GET dags/{dag}`. */
export const dagReply = z.object({
  dag_id: z.string(),
  is_paused: z.boolean(),
  fileloc: z.string().nullable().default(null),
  bundle_version: z.string().nullable().default(null),
});

/** One DAG run; what we do not read is kept for evidence. */
export const dagRunReply = z.looseObject({
  dag_run_id: z.string(),
  dag_id: z.string(),
  state: z.string(),
  conf: z.record(z.string(), z.json()).nullable().default(null),
  queued_at: moment,
  start_date: moment,
  end_date: moment,
});

/** A DAG run as Airflow says it. */
export type DagRun = z.infer<typeof dagRunReply>;

/** Reply of `GET dags/{dag}/dagRuns`. */
export const dagRunsReply = z.object({
  dag_runs: z.array(dagRunReply),
  total_entries: z.int(),
});

const taskInstance = z.looseObject({
  /** Another one after every clear. */
  id: z.string(),
  task_id: z.string(),
  dag_id: z.string(),
  dag_run_id: z.string(),
  map_index: z.int(),
  state: z.string().nullable(),
  try_number: z.int(),
  start_date: moment,
  end_date: moment,
});

/** A task instance as Airflow says it: its latest try. */
export type TaskInstance = z.infer<typeof taskInstance>;

/** Reply of every listing of task instances. */
export const taskInstancesReply = z.object({
  task_instances: z.array(taskInstance),
  total_entries: z.int(),
});

/** Reply of `GET dags/{dag}/tasks`. */
export const tasksReply = z.object({
  tasks: z.array(
    z.object({
      task_id: z.string().nullable(),
      downstream_task_ids: z.array(z.string()).nullable().default([]),
    }),
  ),
});

/** Reply of `POST /auth/token`. */
export const tokenReply = z.object({ access_token: z.string().min(1) });

/** Reply of `GET /api/v2/version`. */
export const versionReply = z.object({ version: z.string() });

/** Body of an error: a sentence, validation problems, or an object with a reason. */
export const errorReply = z.object({
  detail: z.union([
    z.string(),
    z.array(
      z.object({ loc: z.array(z.union([z.string(), z.number()])).default([]), msg: z.string() }),
    ),
    z.looseObject({ reason: z.string().optional(), message: z.string().optional() }),
  ]),
});
