import { proxyActivities, proxyLocalActivities, type ActivityOptions } from '@temporalio/workflow';
import type { RetryPolicy } from '@temporalio/common';
import type { Activities } from '../activities/activity.ts';

const SECOND_MS = 1000;
/** Activities beat on their own while they run: after so long a silence their worker is dead. */
const HEARTBEAT_MS = 6 * SECOND_MS;

/** Activities that may change the world. */
export type EffectActivities = Pick<Activities, 'act' | 'standDown' | 'runStretch'>;

/** Seven minutes of attempts. The next one is soon enough to matter to an incident, also after a worker died often. */
const PATIENT: RetryPolicy = {
  maximumAttempts: 88,
  initialInterval: 500,
  backoffCoefficient: 2,
  maximumInterval: 5 * SECOND_MS,
};

/** No schedule-to-close: time without a worker is not failure. A time-out is unknown, and settled by looking. */
const EFFECTS: ActivityOptions = {
  startToCloseTimeout: 300 * SECOND_MS,
  heartbeatTimeout: HEARTBEAT_MS,
  retry: PATIENT,
};

/** What stretches leave open is run operation by operation: they need not try for long, nor wait for long. */
const STRETCHES: ActivityOptions = {
  startToCloseTimeout: 300 * SECOND_MS,
  heartbeatTimeout: HEARTBEAT_MS,
  retry: {
    maximumAttempts: 8,
    initialInterval: 500,
    backoffCoefficient: 2,
    maximumInterval: 2 * SECOND_MS,
  },
};

function effectsWith(place: ActivityOptions): EffectActivities {
  const effects = proxyActivities<Pick<Activities, 'act' | 'standDown'>>({ ...EFFECTS, ...place });
  const stretches = proxyActivities<Pick<Activities, 'runStretch'>>({ ...STRETCHES, ...place });
  return { act: effects.act, standDown: effects.standDown, runStretch: stretches.runStretch };
}

/** Effects on the queue of the run itself. */
export const effectsHere = effectsWith({});

/** Effects on a queue of their own. Nothing has happened yet while none took one: so long may that last. */
export function effectsAt(taskQueue: string, startWithinMs: number): EffectActivities {
  return effectsWith({ taskQueue, scheduleToStartTimeout: startWithinMs });
}

/** Activities that look outside and write only to Postgres. */
export const reads = proxyActivities<
  Pick<Activities, 'look' | 'requestApproval' | 'confirmAlert' | 'confirmStep' | 'settleByPerson'>
>({
  startToCloseTimeout: 300 * SECOND_MS,
  heartbeatTimeout: HEARTBEAT_MS,
  retry: PATIENT,
});

/** Activities on Postgres alone: without it nothing can go on, so they are tried for ever. */
export const records = proxyActivities<
  Pick<
    Activities,
    | 'loadIncident'
    | 'voidApproval'
    | 'chooseTargets'
    | 'record'
    | 'writePostmortem'
    | 'closeIncident'
  >
>({
  startToCloseTimeout: 60 * SECOND_MS,
  heartbeatTimeout: HEARTBEAT_MS,
  retry: { initialInterval: 250, backoffCoefficient: 2, maximumInterval: 15 * SECOND_MS },
});

/** What a run begins with, inside its first workflow task: no other hop to the server stands before the first step. */
export const nearRecords = proxyLocalActivities<Pick<Activities, 'loadIncident'>>({
  startToCloseTimeout: 60 * SECOND_MS,
  retry: { initialInterval: 250, backoffCoefficient: 2, maximumInterval: 15 * SECOND_MS },
});

/** A read of one row, cheap enough to run inside the workflow task. */
export const glances = proxyLocalActivities<Pick<Activities, 'approvalStatus'>>({
  startToCloseTimeout: 10 * SECOND_MS,
  retry: { initialInterval: 250, maximumInterval: 5 * SECOND_MS },
});

const ROUNDS: ActivityOptions = {
  startToCloseTimeout: 120 * SECOND_MS,
  heartbeatTimeout: HEARTBEAT_MS,
  retry: { maximumAttempts: 1 },
};

/** What schedules run. */
export const rounds = proxyActivities<Pick<Activities, 'watchContainments' | 'reconcile'>>(ROUNDS);

/** A round of the watch on the queue of a credential. */
export function roundsAt(
  taskQueue: string,
  startWithinMs: number,
): Pick<Activities, 'watchContainments'> {
  return proxyActivities<Pick<Activities, 'watchContainments'>>({
    ...ROUNDS,
    taskQueue,
    scheduleToStartTimeout: startWithinMs,
  });
}

/** The sync reads bytes: it may take longer than the other rounds. */
export const looks = proxyActivities<Pick<Activities, 'sync'>>({
  startToCloseTimeout: 600 * SECOND_MS,
  heartbeatTimeout: HEARTBEAT_MS,
  retry: { maximumAttempts: 1 },
});
