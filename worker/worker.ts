import { NativeConnection, Worker, type NativeConnectionOptions } from '@temporalio/worker';
import type { Activities } from '../activities/activity.ts';
import type { WorkflowBundle } from './bundle.ts';

/** What a worker is made from. */
export interface WorkerOptions {
  readonly connection: NativeConnectionOptions;
  readonly namespace: string;
  /** Queue of workflows; also the name of the worker deployment. */
  readonly taskQueue: string;
  /** Another queue to poll instead, for activities alone. */
  readonly activityQueue?: string;
  readonly bundle: WorkflowBundle;
  readonly activities: Partial<Activities>;
  /** Activities at once; sized with the database pool. */
  readonly activitiesMax: number;
  readonly shutdownGraceMs: number;
}

/** A polling worker. */
export interface RunningWorker {
  /** Ends when the worker does; raises what made it end. */
  readonly finished: Promise<void>;
  /** Lets what is under way end within the grace time, then stops polling. */
  stop(): Promise<void>;
}

/**
 * Most time between a heartbeat and its sending. An attempt beats each second and is given up 6 s after the last beat that
 * was sent, so a permit that is used within 2.5 s (`connectors/permit.ts`) is never used beside a newer attempt.
 */
const HEARTBEAT_SENT_WITHIN_MS = 1_000;
/** Workflow tasks in memory at once; a miss is a replay. */
const CACHED_WORKFLOWS_MAX = 500;
const WORKFLOW_TASKS_MAX = 40;

/** Polls at once on a queue for activities alone: one process of everything finds nothing there. */
const ACTIVITY_POLLS = 4;

/** Starts a worker whose runs stay on the build that they began with. */
export async function startWorker(options: WorkerOptions): Promise<RunningWorker> {
  const connection = await NativeConnection.connect(options.connection);
  const { taskQueue, activityQueue } = options;
  const worker = await Worker.create({
    connection,
    namespace: options.namespace,
    ...(activityQueue === undefined
      ? { taskQueue, workflowBundle: { code: options.bundle.code } }
      : { taskQueue: activityQueue, maxConcurrentActivityTaskPolls: ACTIVITY_POLLS }),
    activities: { ...options.activities },
    maxConcurrentActivityTaskExecutions: options.activitiesMax,
    maxConcurrentWorkflowTaskExecutions: WORKFLOW_TASKS_MAX,
    maxHeartbeatThrottleInterval: HEARTBEAT_SENT_WITHIN_MS,
    maxCachedWorkflows: CACHED_WORKFLOWS_MAX,
    shutdownGraceTime: options.shutdownGraceMs,
    shutdownForceTime: options.shutdownGraceMs * 2,
    workerDeploymentOptions: {
      version: { deploymentName: taskQueue, buildId: options.bundle.buildId },
      useWorkerVersioning: true,
      defaultVersioningBehavior: 'PINNED',
    },
  });
  const finished = worker.run().finally(() => connection.close());
  return {
    finished,
    stop: async () => {
      if (worker.getState() === 'RUNNING') worker.shutdown();
      await finished;
    },
  };
}
