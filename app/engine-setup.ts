import { ScheduleAlreadyRunning } from '@temporalio/client';
import { setTimeout as sleep } from 'node:timers/promises';
import { AppError } from '../domain/error.ts';
import { RECONCILE_WORKFLOW, WATCH_WORKFLOW } from '../workflows/messages.ts';
import type { EngineClient } from './engine-client.ts';

/** How often containments are looked at, and open incidents compared with Temporal. */
const WATCH_EVERY = '15s';
const RECONCILE_EVERY = '60s';
const ROUND_MAX = '5m';
const VERSION_TRIES_MAX = 100;
const VERSION_REST_MS = 50;

/**
 * Makes this build the one that new runs start on. Only for a server that we own; the worker must have polled once
 * before Temporal knows the version. Raises `unavailable` when it never does.
 */
export async function makeCurrent(engine: EngineClient, buildId: string): Promise<void> {
  const { client, namespace, taskQueue } = engine;
  for (let tries = 0; ; tries += 1) {
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
      if (tries >= VERSION_TRIES_MAX) {
        throw new AppError('unavailable', 'Temporal does not take this build as current.', {
          cause: error,
        });
      }
      await sleep(VERSION_REST_MS);
    }
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
