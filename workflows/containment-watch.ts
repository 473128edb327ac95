import type { WatchOutcome } from '../activities/activity.ts';
import { rounds } from './proxies.ts';

/** One look at every containment in force, over all incidents; run by a schedule. */
export async function containmentWatch(): Promise<WatchOutcome> {
  return rounds.watchContainments();
}
