import { AppError, isAppError } from '../domain/error.ts';
import { newFact } from '../domain/fact.ts';
import type { Tables } from '../store/tables.ts';
import type { LogHead, RunReference } from './activity.ts';
import type { ActivityDependencies } from './dependencies.ts';

const REASON = 'its log is older than what its run was told: the database was restored';

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
  const [known] = await facts.page(incidentId, acknowledged.sequence - 1, 1);
  if (known?.hash === acknowledged.hash) return;
  throw new AppError('refused', `Refused: ${REASON}.`, { details: { reason: REASON } });
}

/** True for what `checkLog` raises. */
export function isPutBack(error: unknown): boolean {
  return isAppError(error) && error.details?.['reason'] === REASON;
}

/** Makes the incident stuck, because its log was put back: who resumes it goes on from Postgres. */
export async function markPutBack(
  { store }: Pick<ActivityDependencies, 'store'>,
  { incidentId, generation, acknowledged }: RunReference,
): Promise<void> {
  await store.transaction(async (tables) => {
    const locked = await tables.incidents.lock(incidentId);
    if (locked.generation !== generation || locked.state === 'closed') return;
    const owner = locked.owner ?? 'on-call';
    await tables.incidents.change(incidentId, { state: 'stuck', stateReason: REASON, owner });
    await tables.facts.append(incidentId, [
      newFact({
        key: `incident/stuck/g${generation.toString()}/log`,
        kind: 'incident.stuck',
        summary: `Stuck: ${REASON}`,
        data: { acknowledged: acknowledged?.sequence ?? 0 },
      }),
    ]);
  });
}
