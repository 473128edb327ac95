import { atLeast, type ApprovalClass } from '../domain/approval.ts';
import { clearanceOf } from '../domain/autonomy.ts';
import type { EvaluationContext } from '../domain/evaluation.ts';
import type { OperationRow, OperationState } from '../domain/operation.ts';
import type { PinnedPlaybook, StepName } from '../domain/playbook.ts';
import type { EffectFirst } from './activity.ts';
import { underRules } from './autonomy.ts';
import type { Begun } from './carry.ts';
import type { ActivityDependencies, Attempt } from './dependencies.ts';
import { openVeto } from './veto.ts';

/** States in which the effect of a row is not known to be in the world. */
const UNAPPLIED: ReadonlySet<OperationState> = new Set<OperationState>([
  'planned',
  'approved',
  'applying',
  'unknown',
]);

/** True for a row that is not applied and that nobody approved. */
export function isUnapproved({ state, approvalId }: OperationRow): boolean {
  return approvalId === null && UNAPPLIED.has(state);
}

/** An effect of which no approval of its playbook is in charge. */
export interface LoneEffect extends Pick<Begun, 'incident' | 'carried'> {
  readonly deps: ActivityDependencies;
  readonly attempt: Attempt;
  readonly pinned: PinnedPlaybook;
  readonly step: StepName;
  readonly context: EvaluationContext;
  readonly approvalClass: ApprovalClass;
  /** The row of each target, as far as it has one. */
  readonly rows: readonly (OperationRow | null)[];
}

/**
 * What stands before an effect, by the incident's mode alone: one click in `ask`, the veto's time in `auto`; null when
 * nothing does, or when all of it is settled. Caps are weighed with each plan.
 */
export async function clearEffect(effect: LoneEffect): Promise<EffectFirst | null> {
  const { deps, incident, approvalClass, rows } = effect;
  if (incident.mode === 'observe' || !atLeast(approvalClass, 'R1')) return null;
  const waiting = await waitingOn(deps, rows);
  if (waiting) return { kind: 'approval', reason: 'its approval is not answered yet' };
  if (rows.length > 0 && rows.every((row) => row !== null && !isUnapproved(row))) return null;
  const clearance = clearanceOf({
    incident: underRules(deps, incident),
    approvalClass,
    cap: null,
    now: deps.now(),
  });
  switch (clearance.kind) {
    case 'go':
      return null;
    case 'approval':
      return { kind: 'approval', reason: clearance.reason };
    case 'veto':
      await effect.carried;
      return { kind: 'veto', until: clearance.until ?? (await openVeto(effect)) };
  }
}

/** True when an approval of one of these rows is still open: a run that began anew waits for it again. */
async function waitingOn(
  { store }: ActivityDependencies,
  rows: readonly (OperationRow | null)[],
): Promise<boolean> {
  const asked = rows.flatMap((row) =>
    row !== null && row.approvalId !== null && UNAPPLIED.has(row.state) ? [row.approvalId] : [],
  );
  const found = await Promise.all([...new Set(asked)].map((id) => store.approvals.get(id)));
  return found.some((approval) => approval?.status === 'open');
}
