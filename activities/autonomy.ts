import { clearanceOf } from '../domain/autonomy.ts';
import {
  exceededIsolation,
  exceededSourceCap,
  replicasOf,
  type CapStanding,
  type Isolated,
  type Taking,
} from '../domain/cap.ts';
import { sourceOf, type Incident } from '../domain/incident.ts';
import { keyText, type OperationRow } from '../domain/operation.ts';
import { stricterMode } from '../domain/rules.ts';
import type { ActivityDependencies } from './dependencies.ts';

/** What the guard reads to know whether an effect may happen without a person. */
export interface Unasked {
  readonly incident: Incident;
  readonly row: OperationRow;
  readonly standing: CapStanding;
  /** True for an undo: it gives capacity back, so that no cap on isolation speaks against it. */
  readonly undoes: boolean;
}

/**
 * Why an effect that no approval covers may not happen now, or null: mode, veto, caps of the alert's source and of
 * isolation, by current rows. What was reserved later than the effect does not count against it, so that of two which
 * took the last place together exactly one goes on.
 */
export function autonomyObstacle(
  deps: Pick<ActivityDependencies, 'caps' | 'inventory' | 'now' | 'rules'>,
  effect: Unasked,
): string | null {
  const { row } = effect;
  const incident = underRules(deps, effect.incident);
  const cap = capExceeded(deps, effect);
  const { approvalClass } = row;
  const clearance = clearanceOf({ incident, approvalClass, cap, now: deps.now() });
  switch (clearance.kind) {
    case 'go':
      return null;
    case 'veto':
      return 'people may still veto it';
    case 'approval':
      return `${clearance.approvalClass} needs an approval: ${clearance.reason}`;
  }
}

/** An incident as far as its route lets it go now: a route that was lowered lowers what it opened before. */
export function underRules(
  { rules }: Pick<ActivityDependencies, 'rules'>,
  incident: Incident,
): Incident {
  return { ...incident, mode: stricterMode(incident.mode, rules.modeOf(incident.route)) };
}

function capExceeded(
  deps: Pick<ActivityDependencies, 'caps' | 'inventory'>,
  { incident, row, standing, undoes }: Unasked,
): string | null {
  const { isolated, incidentsOfSource } = standing;
  const ofSource = exceededSourceCap(deps.caps(), {
    source: sourceOf(incident),
    model: incident.model,
    approvalClass: row.approvalClass,
    incidentsOfSource,
  });
  if (ofSource !== null || undoes) return ofSource;
  const isMine = (one: Isolated): boolean => keyText(one) === keyText(row);
  const taking = takingOfRows(incident, isolated.filter(isMine));
  if (taking === null) {
    return row.containment && row.plan.takes !== undefined
      ? 'it reserved nothing of what it isolates'
      : null;
  }
  const first = Math.min(...isolated.filter(isMine).map(({ sequence }) => sequence));
  const others = isolated.filter((one) => one.sequence < first && !isMine(one));
  return exceededIsolation(deps.caps(), taking, {
    others,
    totalReplicas: replicasOf(deps.inventory(incident)),
  });
}

/** What an effect reserved, as it was weighed then; null when nothing is reserved for it now. */
function takingOfRows(
  { targets }: Pick<Incident, 'targets'>,
  rows: readonly Isolated[],
): Taking | null {
  const [row] = rows;
  if (row === undefined) return null;
  const { model, capacity, remaining } = row;
  const instead = targets?.entry?.onIsolation ?? null;
  return { model, objects: rows, capacity, remaining, instead };
}
