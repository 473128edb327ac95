import { rounds } from './proxies.ts';

/** One comparison of open incidents with Temporal and the world; run by a schedule. */
export async function reconcile(): Promise<void> {
  await rounds.reconcile();
}
