import { workflowInfo } from '@temporalio/workflow';
import type { WatchOutcome } from '../activities/activity.ts';
import { queueOf, type WritingCredential } from '../domain/credential.ts';
import { wasNeverStarted } from './by-credential.ts';
import { rounds, roundsAt } from './proxies.ts';

/**
 * One look at every containment in force, over all incidents; run by a schedule. Where the credentials are apart, what lapsed
 * is written again by the process that has the credential, and people are told when none has.
 */
export async function containmentWatch(): Promise<WatchOutcome> {
  const seen = await rounds.watchContainments();
  if (seen.elsewhere === undefined) return seen;
  const { credentials, startWithinMs } = seen.elsewhere;
  const served = await Promise.all(
    credentials.map((credential) => restoreWith(credential, startWithinMs)),
  );
  const unserved = credentials.filter((_, index) => served[index] === false);
  if (unserved.length > 0) await rounds.watchContainments({ unserved });
  return seen;
}

/** False when no process with the credential took it in time. */
async function restoreWith(credential: WritingCredential, startWithinMs: number): Promise<boolean> {
  const queue = queueOf(workflowInfo().taskQueue, credential);
  try {
    await roundsAt(queue, startWithinMs).watchContainments({ credential });
    return true;
  } catch (error) {
    if (wasNeverStarted(error)) return false;
    throw error;
  }
}
