import type { DagRecord, RunRecord, TaskRecord } from './world.ts';

/** What a runner is told of the run whose task it executes. */
export interface RunnerRun {
  readonly dagId: string;
  readonly runId: string;
  readonly conf: Readonly<Record<string, unknown>>;
}

/** Executes one task; a rejection counts as `failed`. */
export type TaskRunner = (run: RunnerRun, task: string) => Promise<'success' | 'failed'>;

/** Walks runs through their tasks. */
export interface Scheduler {
  /** Looks at a DAG again: after a trigger, a clear, an unpause. */
  wake(dag: DagRecord): void;
  /** Resolves when nothing executes; runs of paused DAGs wait and do not count. */
  idle(): Promise<void>;
  /** Starts nothing any more; tasks that run are left to end. */
  stop(): void;
}

function upstreamOf(dag: DagRecord, taskId: string): readonly string[] {
  return dag.declared.tasks
    .filter((task) => task.downstream.includes(taskId))
    .map((task) => task.id);
}

const ENDED: ReadonlySet<string | null> = new Set(['success', 'failed', 'upstream_failed']);

function nextTask(dag: DagRecord, run: RunRecord): TaskRecord | undefined {
  const states = new Map(run.tasks.map((task) => [task.taskId, task.state]));
  return run.tasks.find(
    (task) =>
      !ENDED.has(task.state) &&
      upstreamOf(dag, task.taskId).every((id) => ENDED.has(states.get(id) ?? null)),
  );
}

interface Crew {
  readonly runner: TaskRunner;
  readonly now: () => Date;
}

async function executeTask(crew: Crew, dag: DagRecord, work: Work): Promise<void> {
  const { run, task } = work;
  const states = new Map(run.tasks.map((other) => [other.taskId, other.state]));
  if (upstreamOf(dag, task.taskId).some((id) => states.get(id) !== 'success')) {
    task.state = 'upstream_failed';
    task.endedAt = crew.now();
    return;
  }
  const { id } = task;
  task.tryNumber += 1;
  task.state = 'running';
  task.startedAt = crew.now();
  task.endedAt = null;
  const { dagId, runId, conf } = run;
  const outcome = await crew
    .runner({ dagId, runId, conf }, task.taskId)
    .catch(() => 'failed' as const);
  // Cleared while it ran: this try's outcome counts no more.
  if (task.id !== id) return;
  task.state = outcome;
  task.endedAt = crew.now();
}

interface Work {
  readonly run: RunRecord;
  readonly task: TaskRecord;
}

/** A scheduler that executes a run's tasks one after the other, in the order of their dependencies. */
export function createScheduler(runner: TaskRunner, now: () => Date): Scheduler {
  const executing = new Map<RunRecord, Promise<void>>();
  let stopped = false;

  const execute = async (dag: DagRecord, run: RunRecord): Promise<void> => {
    while (!stopped && !dag.paused && (run.state === 'queued' || run.state === 'running')) {
      if (run.state === 'queued') {
        run.state = 'running';
        run.startedAt ??= now();
        run.endedAt = null;
      }
      const task = nextTask(dag, run);
      if (!task) {
        run.state = run.tasks.every((other) => other.state === 'success') ? 'success' : 'failed';
        run.endedAt = now();
        return;
      }
      await executeTask({ runner, now }, dag, { run, task });
    }
  };

  const wake = (dag: DagRecord): void => {
    if (stopped || dag.paused) return;
    for (const run of dag.runs.values()) {
      if (executing.has(run) || run.state === 'success' || run.state === 'failed') continue;
      // A beat later, so that the answer to a trigger still says `queued`.
      const work = new Promise<void>((resolve) => setImmediate(resolve))
        .then(() => execute(dag, run))
        .finally(() => {
          executing.delete(run);
          if (!stopped && !dag.paused && run.state === 'queued') wake(dag);
        });
      executing.set(run, work);
    }
  };
  return {
    wake,
    idle: async () => {
      while (executing.size > 0) await Promise.all(executing.values());
    },
    stop: () => {
      stopped = true;
    },
  };
}
