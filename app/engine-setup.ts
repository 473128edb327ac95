import {
  ScheduleAlreadyRunning,
  ScheduleNotFoundError,
  type ScheduleOptions,
} from '@temporalio/client';
import type { Duration } from '@temporalio/common';
import { setTimeout as sleep } from 'node:timers/promises';
import { AppError } from '../domain/error.ts';
import { RECONCILE_WORKFLOW, SYNC_WORKFLOW, WATCH_WORKFLOW } from '../workflows/messages.ts';
import type { EngineClient } from './engine-client.ts';

/** How often containments are looked at, and open incidents compared with Temporal. */
const WATCH_EVERY = '15s';
const RECONCILE_EVERY = '60s';
const ROUND_MAX = '5m';
const SYNC_MAX = '15m';
/** How long Temporal may take to learn of our own worker's version. */
const VERSION_WITHIN_MS = 5_000;
const VERSION_REST_MS = 50;

/**
 * Makes this build the one that new runs start on: at each start on a server that we own, by `firebreak deploy` on
 * another. A worker must have polled once before Temporal knows the version. Raises `unavailable` when none does.
 */
export async function makeCurrent(
  engine: EngineClient,
  buildId: string,
  withinMs = VERSION_WITHIN_MS,
): Promise<void> {
  const { client, namespace, taskQueue } = engine;
  const deadline = Date.now() + withinMs;
  for (;;) {
    try {
      await client.workflowService.setWorkerDeploymentCurrentVersion({
        namespace,
        deploymentName: taskQueue,
        buildId,
        version: `${taskQueue}.${buildId}`,
        identity: 'firebreak',
        ignoreMissingTaskQueues: true,
      });
      return;
    } catch (error) {
      if (Date.now() > deadline) {
        const message = `Temporal does not know build ${buildId}: start its workers first.`;
        throw new AppError('unavailable', message, { cause: error });
      }
      await sleep(VERSION_REST_MS);
    }
  }
}

/** The build that new runs start on; null when none was ever made current. */
export async function currentBuild(engine: EngineClient): Promise<string | null> {
  const { client, namespace, taskQueue } = engine;
  try {
    const { workerDeploymentInfo } = await client.workflowService.describeWorkerDeployment({
      namespace,
      deploymentName: taskQueue,
    });
    return workerDeploymentInfo?.routingConfig?.currentDeploymentVersion?.buildId ?? null;
  } catch {
    // Temporal learns of a deployment with the first poll of its first worker.
    return null;
  }
}

/** One schedule: a workflow without input, at most one run of it at a time. */
interface Round {
  readonly id: string;
  readonly workflowType: string;
  readonly every: Duration;
  readonly runsMax: Duration;
  /** True: the first run does not wait for its time. */
  readonly atOnce: boolean;
}

function scheduleOf({ taskQueue }: EngineClient, round: Round): ScheduleOptions {
  return {
    scheduleId: `${taskQueue}/${round.id}`,
    spec: { intervals: [{ every: round.every }] },
    policies: { overlap: 'SKIP', catchupWindow: round.runsMax },
    state: { triggerImmediately: round.atOnce },
    action: {
      type: 'startWorkflow',
      workflowType: round.workflowType,
      workflowId: `${taskQueue}/${round.id}`,
      taskQueue,
      workflowExecutionTimeout: round.runsMax,
      args: [],
    },
  };
}

/** Creates a schedule; one that is there already gets the interval of today. */
async function ensureSchedule(engine: EngineClient, round: Round): Promise<void> {
  const { schedule } = engine.client;
  const wanted = scheduleOf(engine, round);
  try {
    await schedule.create(wanted);
  } catch (error) {
    if (!(error instanceof ScheduleAlreadyRunning)) throw error;
    await schedule.getHandle(wanted.scheduleId).update((known) => ({
      ...known,
      spec: wanted.spec,
    }));
  }
}

async function removeSchedule({ client, taskQueue }: EngineClient, id: string): Promise<void> {
  try {
    await client.schedule.getHandle(`${taskQueue}/${id}`).delete();
  } catch (error) {
    if (!(error instanceof ScheduleNotFoundError)) throw error;
  }
}

const SYNC = 'sync';

/** Creates the schedules that watch over everything; `syncEverySeconds` of 0 means that nobody looks at registries. */
export async function createSchedules(
  engine: EngineClient,
  { syncEverySeconds }: { readonly syncEverySeconds: number },
): Promise<void> {
  const rounds: readonly Round[] = [
    {
      id: 'containment-watch',
      workflowType: WATCH_WORKFLOW,
      every: WATCH_EVERY,
      runsMax: ROUND_MAX,
      atOnce: false,
    },
    {
      id: 'reconcile',
      workflowType: RECONCILE_WORKFLOW,
      every: RECONCILE_EVERY,
      runsMax: ROUND_MAX,
      atOnce: false,
    },
    ...(syncEverySeconds === 0
      ? []
      : [
          {
            id: SYNC,
            workflowType: SYNC_WORKFLOW,
            every: syncEverySeconds * 1000,
            runsMax: SYNC_MAX,
            atOnce: true,
          } as const,
        ]),
  ];
  for (const round of rounds) await ensureSchedule(engine, round);
  if (syncEverySeconds === 0) await removeSchedule(engine, SYNC);
}
