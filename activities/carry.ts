import { AppError } from '../domain/error.ts';
import type { Incident } from '../domain/incident.ts';
import type { OperationResult, OperationRow } from '../domain/operation.ts';
import { checkLog } from './acknowledged.ts';
import type { Carried, RunReference } from './run-reference.ts';
import type { ActivityDependencies } from './dependencies.ts';
import { distrustOf, markStuck } from './distrust.ts';
import { checkHeard } from './heard.ts';
import { messagesFor } from './message-rows.ts';

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
 * Writes what the workflow carries, in one transaction, before anything else; answers the incident, and tells it to
 * `onRead` as soon as only the commit is left. Raises `not_found`, and `refused` for a replaced generation and for a run
 * that is not believed, whose incident becomes stuck.
 */
export async function begin(
  deps: ActivityDependencies,
  reference: RunReference,
  onRead?: (incident: Incident) => void,
): Promise<Incident> {
  try {
    if (isEmpty(reference.carried)) return await stand(deps, reference);
    return await carry(deps, reference, onRead);
  } catch (error) {
    const distrust = distrustOf(error);
    if (distrust !== null) await markStuck(deps, reference, distrust);
    throw error;
  }
}

/** An incident in which something is about to be done, with what was settled and done in it so far. */
export interface Begun {
  readonly incident: Incident;
  readonly results: readonly OperationResult[];
  readonly rows: readonly OperationRow[];
  /** Settled once what the run carried is written; raises as `begin` does. Only a look may come before it. */
  readonly carried: Promise<unknown>;
}

/** As `begin`, but its commit may still be on its way. */
export async function beginActing(
  deps: ActivityDependencies,
  reference: RunReference,
): Promise<Begun> {
  const { incidentId } = reference;
  let onRead: (incident: Incident) => void = () => undefined;
  const read = new Promise<Incident>((resolve) => {
    onRead = resolve;
  });
  const carried = begin(deps, reference, onRead);
  const [incident, [results, rows]] = await Promise.all([
    Promise.race([carried, read]),
    deps.store.together((tables) =>
      Promise.all([
        tables.results.ofIncident(incidentId),
        tables.operations.ofIncident(incidentId),
      ]),
    ),
  ]);
  return { incident, results, rows, carried };
}

/** The incident as it stands. */
async function stand(deps: ActivityDependencies, reference: RunReference): Promise<Incident> {
  const { store } = deps;
  const { incidentId } = reference;
  const [incident] = await Promise.all([
    store.incidents.get(incidentId),
    checkLog(store, reference),
    checkHeard(deps, store, reference),
  ]);
  if (!incident) throw new AppError('not_found', `No incident ${incidentId}.`);
  checkGeneration(incident, reference);
  return incident;
}

/** Everything goes out at once, the lock first and the log last; what must not be takes all of it back. */
function carry(
  deps: ActivityDependencies,
  reference: RunReference,
  onRead?: (incident: Incident) => void,
): Promise<Incident> {
  const { incidentId, carried } = reference;
  return deps.store.transaction(async (tables) => {
    const locking = tables.incidents.lock(incidentId);
    const hasChange = Object.keys(carried.change).length > 0;
    const [locked, incident] = await Promise.all([
      locking,
      hasChange ? tables.incidents.change(incidentId, carried.change) : locking,
      checkLog(tables, reference),
      checkHeard(deps, tables, reference),
      tables.messages
        .put(messagesFor(deps, incidentId, carried.messages))
        .then(() => tables.facts.append(incidentId, carried.facts)),
    ]);
    checkGeneration(locked, reference);
    onRead?.(incident);
    return incident;
  });
}
