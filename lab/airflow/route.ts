import type { TwinReply, TwinRequest } from '../twin.ts';
import type { Scheduler } from './scheduler.ts';
import { dagNamed, type DagRecord, type Dags, type RunRecord } from './world.ts';

/** What routes work on. */
export interface AirflowWorld {
  readonly dags: Dags;
  readonly scheduler: Scheduler;
  readonly now: () => Date;
}

/** Answers a route; `parts` are the segments that its stars stand for. */
export type Handler = (request: TwinRequest, parts: readonly string[]) => TwinReply;

/** One route. */
export interface Route {
  readonly method: string;
  /** Path below `/api/v2/`; `*` stands for one segment. */
  readonly path: string;
  readonly handler: Handler;
}

/** Stands for every DAG or run in a path. */
export const EVERY = '~';

/** 200 with a body. */
export function ok(body: unknown): TwinReply {
  return { status: 200, body };
}

/** One run with its DAG. */
export interface DagAndRun {
  readonly dag: DagRecord;
  readonly run: RunRecord;
}

/** Runs of one DAG or, for `~`, of all. Raises 404. */
export function runsOf(world: AirflowWorld, dagId: string): readonly DagAndRun[] {
  const dags = dagId === EVERY ? [...world.dags.values()] : [dagNamed(world.dags, dagId)];
  return dags.flatMap((dag) => [...dag.runs.values()].map((run) => ({ dag, run })));
}
