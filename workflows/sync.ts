import type { SyncOutcome } from '../activities/activity.ts';
import { looks } from './proxies.ts';

/** One look at every registry and cluster, outside of any incident; run by a schedule. */
export async function sync(): Promise<SyncOutcome> {
  return looks.sync();
}
