import { haltsOn, thingOfIncident } from '../domain/halt.ts';
import { holdsOnIncident } from '../domain/legal-hold.ts';
import { viewOf } from './admission.ts';
import type { ApiDependencies } from './dependencies.ts';
import { possibleCommands } from './possible-commands.ts';
import { requireIncident, type Asked } from './sight.ts';

/** So many open approvals of one incident are shown with it. */
const APPROVALS_SHOWN_MAX = 100;
/** So many suspects of a storm are shown with it. */
const SUSPECTS_SHOWN_MAX = 200;

/** An incident with everything that a person looks at first, for somebody who sees it. Raises `not_found`. */
export async function showIncident(
  dependencies: Pick<ApiDependencies, 'store' | 'holding'>,
  asked: Asked,
) {
  const { store } = dependencies;
  const incident = await requireIncident(dependencies, asked);
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
