import type { ApprovalClass } from './approval.ts';
import { BEYOND_CAP, CLASS_RULES } from './approval-class.ts';
import type { Incident } from './incident.ts';

/** What stands before an effect that no approval of its playbook covers. */
export type Clearance =
  | { readonly kind: 'go' }
  /** People may still veto: until then, or null while they were not told yet. */
  | { readonly kind: 'veto'; readonly until: string | null }
  /** Somebody must approve, at this class at least. */
  | { readonly kind: 'approval'; readonly approvalClass: 'R1' | 'R2'; readonly reason: string };

const GO: Clearance = { kind: 'go' };

/**
 * What an incident that may act lets the engine do by itself: R0 always, everything else as mode, caps and the veto
 * allow. `cap` is the reason why the effect goes beyond a cap, or null. The planning of an effect and the guard read
 * this same function.
 */
export function clearanceOf(effect: {
  readonly incident: Pick<Incident, 'mode' | 'vetoSeconds' | 'vetoUntil'>;
  readonly approvalClass: ApprovalClass;
  readonly cap: string | null;
  readonly now: Date;
}): Clearance {
  const { incident, approvalClass, cap, now } = effect;
  if (CLASS_RULES[approvalClass].unasked === 'always') return GO;
  if (cap !== null) return { kind: 'approval', approvalClass: BEYOND_CAP, reason: cap };
  if (incident.mode !== 'auto') {
    const reason = 'the incident asks before each effect';
    return { kind: 'approval', approvalClass: 'R1', reason };
  }
  const { vetoSeconds, vetoUntil } = incident;
  if (vetoSeconds === 0) return GO;
  if (vetoUntil === null || now.getTime() < Date.parse(vetoUntil)) {
    return { kind: 'veto', until: vetoUntil };
  }
  return GO;
}
