import { AppError, isAppError } from '../domain/error.ts';
import { newFact } from '../domain/fact.ts';
import type { RunReference } from './run-reference.ts';
import { messagesFor } from './message-rows.ts';
import type { ActivityDependencies } from './dependencies.ts';

/** Why a run is not believed any more. */
const REASONS = {
  log: 'its log is older than what its run was told: the database was restored',
  decision: 'its run was told a decision that nobody took here: somebody reached Temporal directly',
} as const;

/** A key of the reasons for which a run is not believed. */
export type Distrust = keyof typeof REASONS;

/** What is raised about a run that is not believed: nothing that it carries is written. */
export function distrusted(distrust: Distrust): AppError {
  return new AppError('refused', `Refused: ${REASONS[distrust]}.`, { details: { distrust } });
}

/** The reason when this is what `distrusted` makes; null for every other error. */
export function distrustOf(error: unknown): Distrust | null {
  const found = isAppError(error) ? error.details?.['distrust'] : null;
  return found === 'log' || found === 'decision' ? found : null;
}

/** Makes the incident stuck and tells people: who resumes it goes on from Postgres, in a run of its own. */
export async function markStuck(
  deps: Pick<ActivityDependencies, 'store' | 'channels'>,
  { incidentId, generation }: Pick<RunReference, 'incidentId' | 'generation'>,
  distrust: Distrust,
): Promise<void> {
  const reason = REASONS[distrust];
  const key = `incident/stuck/g${generation.toString()}/${distrust}`;
  const message = {
    purpose: key,
    subject: 'Stuck: an incident needs you',
    text: `Nothing goes on by itself any more: ${reason}. Resume it when you know why.`,
    mail: true,
  };
  await deps.store.transaction(async (tables) => {
    const locked = await tables.incidents.lock(incidentId);
    if (locked.generation !== generation || locked.state === 'closed') return;
    const owner = locked.owner ?? 'on-call';
    await tables.incidents.change(incidentId, { state: 'stuck', stateReason: reason, owner });
    await tables.messages.put(messagesFor(deps, incidentId, [message]));
    await tables.facts.append(incidentId, [
      newFact({ key, kind: 'incident.stuck', summary: `Stuck: ${reason}` }),
    ]);
  });
}
