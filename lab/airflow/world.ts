import { randomUUID } from 'node:crypto';
import { missing } from './failure.ts';

/** A task as a DAG's code declares it. */
export interface DeclaredTask {
  readonly id: string;
  readonly downstream: readonly string[];
}

/** A DAG as the twin is given it. */
export interface DeclaredDag {
  readonly id: string;
  readonly tasks: readonly DeclaredTask[];
  readonly paused?: boolean;
  readonly fileloc?: string;
  /** The file's text, answered by `dagSources`. */
  readonly source?: string;
  readonly bundleName?: string;
  /** Often a Git commit; null when the bundle is not versioned. */
  readonly bundleVersion?: string | null;
}

/** States of a task instance that the twin knows. */
export type TaskState = 'queued' | 'running' | 'success' | 'failed' | 'upstream_failed' | null;

/** One task of one run, as of its latest try. */
export interface TaskRecord {
  /** Another one after every clear. */
  id: string;
  readonly taskId: string;
  state: TaskState;
  tryNumber: number;
  startedAt: Date | null;
  endedAt: Date | null;
}

/** States of a run. */
export type RunState = 'queued' | 'running' | 'success' | 'failed';

/** One DAG run. */
export interface RunRecord {
  readonly dagId: string;
  readonly runId: string;
  readonly conf: Readonly<Record<string, unknown>>;
  readonly note: string | null;
  readonly logicalDate: string | null;
  readonly runAfter: Date;
  state: RunState;
  queuedAt: Date;
  startedAt: Date | null;
  endedAt: Date | null;
  readonly tasks: readonly TaskRecord[];
}

/** One DAG and its runs. */
export interface DagRecord {
  readonly declared: DeclaredDag;
  readonly versionId: string;
  readonly parsedAt: Date;
  paused: boolean;
  readonly runs: Map<string, RunRecord>;
}

/** A task that has not run. */
export function newTask(taskId: string): TaskRecord {
  return {
    id: randomUUID(),
    taskId,
    state: null,
    tryNumber: 0,
    startedAt: null,
    endedAt: null,
  };
}

/** A DAG as it is right after parsing. */
export function newDag(declared: DeclaredDag, now: Date): DagRecord {
  return {
    declared,
    versionId: randomUUID(),
    parsedAt: now,
    paused: declared.paused ?? false,
    runs: new Map(),
  };
}

/** DAGs by id. */
export type Dags = ReadonlyMap<string, DagRecord>;

/** The DAG of that id. Raises 404. */
export function dagNamed(dags: Dags, id: string): DagRecord {
  const dag = dags.get(id);
  if (!dag) throw missing(`The Dag with ID: \`${id}\` was not found`);
  return dag;
}

/** The run of that id. Raises 404. */
export function runNamed(dag: DagRecord, runId: string): RunRecord {
  const run = dag.runs.get(runId);
  if (run) return run;
  throw missing(
    `The DagRun with dag_id: \`${dag.declared.id}\` and run_id: \`${runId}\` was not found`,
  );
}

function text(date: Date | null): string | null {
  return date === null ? null : date.toISOString();
}

function duration(from: Date | null, to: Date | null): number | null {
  return from === null || to === null ? null : (to.getTime() - from.getTime()) / 1000;
}

/** A DAG version as the API writes it. */
export function versionBody(dag: DagRecord): unknown {
  return {
    id: dag.versionId,
    version_number: 1,
    dag_id: dag.declared.id,
    bundle_name: dag.declared.bundleName ?? 'dags-folder',
    bundle_version: dag.declared.bundleVersion ?? null,
    created_at: text(dag.parsedAt),
    dag_display_name: dag.declared.id,
  };
}

/** A DAG as the API writes it. */
export function dagBody(dag: DagRecord): unknown {
  const { id, fileloc } = dag.declared;
  return {
    dag_id: id,
    dag_display_name: id,
    is_paused: dag.paused,
    is_stale: false,
    last_parsed_time: text(dag.parsedAt),
    bundle_name: dag.declared.bundleName ?? 'dags-folder',
    bundle_version: dag.declared.bundleVersion ?? null,
    fileloc: fileloc ?? `/opt/airflow/dags/${id}.py`,
    description: null,
    timetable_summary: null,
    tags: [],
    max_active_runs: 16,
    has_task_concurrency_limits: false,
    has_import_errors: false,
    owners: ['airflow'],
  };
}

/** A run as the API writes it. */
export function runBody(dag: DagRecord, run: RunRecord): unknown {
  return {
    dag_run_id: run.runId,
    dag_id: run.dagId,
    dag_display_name: run.dagId,
    logical_date: run.logicalDate,
    queued_at: text(run.queuedAt),
    start_date: text(run.startedAt),
    end_date: text(run.endedAt),
    duration: duration(run.startedAt, run.endedAt),
    data_interval_start: null,
    data_interval_end: null,
    run_after: text(run.runAfter),
    last_scheduling_decision: null,
    run_type: 'manual',
    state: run.state,
    triggered_by: 'rest_api',
    triggering_user_name: 'lab',
    conf: run.conf,
    note: run.note,
    dag_versions: [versionBody(dag)],
    bundle_version: dag.declared.bundleVersion ?? null,
  };
}

/** A task instance as the API writes it. */
export function taskBody(dag: DagRecord, run: RunRecord, task: TaskRecord): unknown {
  return {
    id: task.id,
    task_id: task.taskId,
    task_display_name: task.taskId,
    dag_id: run.dagId,
    dag_run_id: run.runId,
    map_index: -1,
    logical_date: run.logicalDate,
    run_after: text(run.runAfter),
    start_date: text(task.startedAt),
    end_date: text(task.endedAt),
    duration: duration(task.startedAt, task.endedAt),
    state: task.state,
    try_number: task.tryNumber,
    max_tries: 0,
    hostname: '',
    unixname: 'airflow',
    pool: 'default_pool',
    pool_slots: 1,
    queue: 'default',
    priority_weight: 1,
    operator: '_PythonDecoratedOperator',
    executor: null,
    note: null,
    dag_version: versionBody(dag),
  };
}
