import { ScheduleAlreadyRunning } from '@temporalio/client';
import { setTimeout as sleep } from 'node:timers/promises';
import { AppError } from '../domain/error.ts';
import { RECONCILE_WORKFLOW, WATCH_WORKFLOW } from '../workflows/messages.ts';
import type { EngineClient } from './engine-client.ts';

/** How often containments are looked at, and open incidents compared with Temporal. */
const WATCH_EVERY = '15s';
const RECONCILE_EVERY = '60s';
const ROUND_MAX = '5m';
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

/** Creates the two schedules that watch over everything; they are there already on the next start. */
export async function createSchedules(engine: EngineClient): Promise<void> {
  const rounds = [
    { id: 'containment-watch', workflowType: WATCH_WORKFLOW, every: WATCH_EVERY },
    { id: 'reconcile', workflowType: RECONCILE_WORKFLOW, every: RECONCILE_EVERY },
  ] as const;
  for (const { id, workflowType, every } of rounds) {
    try {
      await engine.client.schedule.create({
        scheduleId: `${engine.taskQueue}/${id}`,
        spec: { intervals: [{ every }] },
        policies: { overlap: 'SKIP', catchupWindow: ROUND_MAX },
        action: {
          type: 'startWorkflow',
          workflowType,
          workflowId: `${engine.taskQueue}/${id}`,
          taskQueue: engine.taskQueue,
          workflowExecutionTimeout: ROUND_MAX,
          args: [],
        },
      });
    } catch (error) {
      if (!(error instanceof ScheduleAlreadyRunning)) throw error;
    }
  }
}
