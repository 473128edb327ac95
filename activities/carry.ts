import { AppError } from '../domain/error.ts';
import type { Incident } from '../domain/incident.ts';
import type { NewMessage } from '../domain/message.ts';
import { checkLog } from './acknowledged.ts';
import type { Carried, CarriedMessage, RunReference } from './activity.ts';
import type { ActivityDependencies } from './dependencies.ts';

/** Message rows for the channels that exist. */
export function messagesFor(
  deps: Pick<ActivityDependencies, 'channels'>,
  incidentId: string,
  messages: readonly CarriedMessage[],
): readonly NewMessage[] {
  return messages.flatMap(({ purpose, subject, text, mail }) => {
    const base = { incidentId, purpose, subject, text };
    const rows: NewMessage[] = [];
    if (deps.channels.slack) rows.push({ ...base, channel: 'slack' });
    if (deps.channels.mail && mail) rows.push({ ...base, channel: 'mail' });
    return rows;
  });
}

/** Raises `refused` when another generation of the incident runs by now, or when it is closed. */
export function checkGeneration(incident: Incident, reference: RunReference): void {
  if (incident.generation !== reference.generation) {
    throw new AppError(
      'refused',
      `Generation ${reference.generation.toString()} of this incident was replaced by ${incident.generation.toString()}.`,
    );
  }
  if (incident.state === 'closed') throw new AppError('refused', 'The incident is closed.');
}

function isEmpty(carried: Carried): boolean {
  return (
    carried.facts.length === 0 &&
    carried.messages.length === 0 &&
    Object.keys(carried.change).length === 0
  );
}

/**
 * Writes what the workflow carries, in one transaction, before anything else; answers the incident. Raises
 * `not_found`, and `refused` for a replaced generation or a log that was put back.
 */
export async function begin(
  deps: ActivityDependencies,
  reference: RunReference,
): Promise<Incident> {
  const { incidentId, carried } = reference;
  await checkLog(deps, reference);
  if (isEmpty(carried)) {
    const incident = await deps.store.incidents.get(incidentId);
    if (!incident) throw new AppError('not_found', `No incident ${incidentId}.`);
    checkGeneration(incident, reference);
    return incident;
  }
  return deps.store.transaction(async (tables) => {
    const locked = await tables.incidents.lock(incidentId);
    checkGeneration(locked, reference);
    const hasChange = Object.keys(carried.change).length > 0;
    const incident = hasChange ? await tables.incidents.change(incidentId, carried.change) : locked;
    await tables.messages.put(messagesFor(deps, incidentId, carried.messages));
    if (carried.facts.length > 0) await tables.facts.append(incidentId, carried.facts);
    return incident;
  });
}
