import {
  ActivityFailure,
  ApplicationFailure,
  TimeoutFailure,
  workflowInfo,
} from '@temporalio/workflow';
import {
  ELSEWHERE,
  queueOf,
  type Credential,
  type CredentialsApart,
} from '../domain/credential.ts';
import { effectsAt, effectsHere, type EffectActivities } from './proxies.ts';
import type { Run } from './run.ts';

/** Type of what is raised when no process has the credential: nothing happened. */
export const UNSERVED = 'unserved';

function unserved(message: string): ApplicationFailure {
  return ApplicationFailure.nonRetryable(message, UNSERVED);
}

/** True when nobody took an activity in time. */
export function wasNeverStarted(error: unknown): boolean {
  if (!(error instanceof ActivityFailure) || !(error.cause instanceof TimeoutFailure)) return false;
  return error.cause.timeoutType === 'SCHEDULE_TO_START';
}

function isApart(value: unknown): value is CredentialsApart {
  return (
    typeof value === 'object' &&
    value !== null &&
    'startWithinMs' in value &&
    typeof value.startWithinMs === 'number'
  );
}

/** What a process said that has not the credential; null for any other failure. */
function apartIn(error: unknown): CredentialsApart | null {
  if (!(error instanceof ActivityFailure) || !(error.cause instanceof ApplicationFailure)) {
    return null;
  }
  const { type, details } = error.cause;
  const [apart]: readonly unknown[] = details ?? [];
  return type === ELSEWHERE && isApart(apart) ? apart : null;
}

/**
 * Calls an effect where its credential is: on the run's own queue as long as the process there has every credential, else on
 * the credential's. Null is for effects of both, which no queue has. Raises a failure of type `UNSERVED` when no process
 * took it in time, and what the activity raises.
 */
export async function byCredential<T>(
  run: Pick<Run, 'apart'>,
  credential: Credential | null,
  call: (effects: EffectActivities) => Promise<T>,
): Promise<T> {
  if (credential === 'read') return call(effectsHere);
  let { apart } = run;
  if (apart === null) {
    try {
      return await call(effectsHere);
    } catch (error) {
      // The installation was split since the run was loaded.
      apart = apartIn(error);
      if (apart === null) throw error;
      run.apart = apart;
    }
  }
  if (credential === null) {
    throw unserved('It takes back what both credentials did: no process has both.');
  }
  const { startWithinMs } = apart;
  try {
    return await call(effectsAt(queueOf(workflowInfo().taskQueue, credential), startWithinMs));
  } catch (error) {
    if (!wasNeverStarted(error)) throw error;
    const seconds = Math.ceil(startWithinMs / 1000).toString();
    throw unserved(
      `No process with the credential '${credential}' took it within ${seconds} s: start one, then retry.`,
    );
  }
}
