import { AppError } from '../domain/error.ts';
import { newFact } from '../domain/fact.ts';
import { workflowIdOf } from '../domain/incident.ts';
import type { RunReference } from './run-reference.ts';
import type { ActivityDependencies } from './dependencies.ts';
import { messagesFor } from './message-rows.ts';

/**
 * Raises `refused`, and tells people, when a workflow asks in the name of an incident that is not the run which
 * Firebreak started for it: only that one may act, look and write for the incident.
 */
export async function checkOrigin(
  deps: Pick<ActivityDependencies, 'store' | 'channels'>,
  { incidentId, generation }: Pick<RunReference, 'incidentId' | 'generation'>,
  workflowId: string,
): Promise<void> {
  if (workflowId === workflowIdOf(incidentId, generation)) return;
  const key = `incident/run-refused/${workflowId}`;
  const summary = `Refused: the workflow ${workflowId}, which Firebreak did not start, asked to act.`;
  const message = { purpose: key, subject: 'A foreign run was refused', text: summary, mail: true };
  await deps.store.transaction(async (tables) => {
    await tables.incidents.lock(incidentId);
    await tables.messages.put(messagesFor(deps, incidentId, [message]));
    await tables.facts.append(incidentId, [
      newFact({ key, kind: 'incident.run-refused', summary, data: { workflowId } }),
    ]);
  });
  throw new AppError('refused', summary);
}
