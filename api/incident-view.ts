import { AppError } from '../domain/error.ts';
import { haltsOn, thingOfIncident } from '../domain/halt.ts';
import type { Incident } from '../domain/incident.ts';
import { holdsOnIncident } from '../domain/legal-hold.ts';
import { viewOf } from './admission.ts';
import type { ApiDependencies } from './dependencies.ts';
import { possibleCommands } from './possible-commands.ts';

/** So many open approvals of one incident are shown with it. */
const APPROVALS_SHOWN_MAX = 100;
/** So many suspects of a storm are shown with it. */
const SUSPECTS_SHOWN_MAX = 200;

/** The incident. Raises `not_found`. */
export async function requireIncident(
  dependencies: Pick<ApiDependencies, 'store'>,
  id: string,
): Promise<Incident> {
  const incident = await dependencies.store.incidents.get(id);
  if (incident === null) throw new AppError('not_found', 'There is no such incident.');
  return incident;
}

/** An incident with everything that a person looks at first. Raises `not_found`. */
export async function showIncident(
  dependencies: Pick<ApiDependencies, 'store' | 'holding'>,
  id: string,
) {
  const { store } = dependencies;
  const incident = await requireIncident(dependencies, id);
  const { playbookDigest } = incident;
  const [pinned, results, operations, approvals, decisions, suspects, inForce, holds] =
    await Promise.all([
      playbookDigest === null ? null : store.playbooks.get(playbookDigest),
      store.results.ofIncident(incident.id),
      store.operations.ofIncident(incident.id),
      store.approvals.list(
        { status: 'open', incidentId: incident.id },
        { cursor: null, limit: APPROVALS_SHOWN_MAX },
      ),
      store.decisions.ofIncident(incident.id),
      store.incidents.suspects(incident.id, SUSPECTS_SHOWN_MAX),
      store.halts.inForce(),
      store.legalHolds.inForce(),
    ]);
  const halts = haltsOn(inForce, thingOfIncident(incident, operations));
  const inventory = dependencies.holding.inventory(incident);
  const legalHolds = holdsOnIncident(holds, incident, { rows: operations, inventory });
  const playbook = pinned?.playbook ?? null;
  const situation = {
    ...{ incident, playbook, approvals: approvals.items, results, operations },
    ...{ halts, legalHolds },
  };
  return {
    incident,
    results,
    approvals: approvals.items,
    decisions: decisions.map(viewOf),
    suspects,
    halts,
    legalHolds,
    now: possibleCommands(situation),
  };
}
