import type { Tables } from '../store/tables.ts';
import type { LogHead, RunReference } from './run-reference.ts';
import type { ActivityDependencies } from './dependencies.ts';
import { distrusted } from './distrust.ts';

/** Adds to an activity's answer how far the log had come, which the run hands to every later activity. */
export async function withHead<T extends object>(
  deps: Pick<ActivityDependencies, 'store'>,
  { incidentId }: RunReference,
  body: () => Promise<T>,
): Promise<T & { readonly head: LogHead }> {
  const answer = await body();
  return { ...answer, head: await deps.store.facts.head(incidentId) };
}

/**
 * Raises `refused` when the log does not hold what the run was told before: a run that knows of effects which Postgres
 * does not may change nothing.
 */
export async function checkLog(
  { facts }: Pick<Tables, 'facts'>,
  { incidentId, acknowledged }: RunReference,
): Promise<void> {
  if (acknowledged === undefined) return;
  if (await facts.holds(incidentId, acknowledged)) return;
  throw distrusted('log');
}
