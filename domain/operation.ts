import type { ApprovalClass } from './approval.ts';
import { isJsonObject, type Json } from './json.ts';
import type { Outcome } from './incident.ts';
import type { StepName } from './playbook.ts';
import type { Receipt, StoredPlan, Verdict } from './plan.ts';

/**
 * Where one effect stands. Settled as not applied: `refused`, `void`.
 * `unknown`: sent, not answered; looked at before anything else may happen.
 */
export type OperationState =
  | 'planned'
  | 'approved'
  | 'applying'
  | 'applied'
  | 'verified'
  | 'unverified'
  | 'unknown'
  | 'reverting'
  | 'reverted'
  | 'refused'
  | 'void';

/** The key of one effect: one row of table `operation`. */
export interface OperationKey {
  readonly incidentId: string;
  readonly operation: string;
  /** Claim key `<instance>/<kind>/<namespace>/<name>`. */
  readonly target: string;
  readonly round: number;
}

/** `incident/operation/target/round`: the idempotency key sent with the effect. */
export function keyText(key: OperationKey): string {
  return [key.incidentId, key.operation, key.target, key.round.toString()].join('/');
}

/** One effect on one target, as stored. */
export interface OperationRow extends OperationKey {
  readonly step: StepName;
  /** `<connector>.<action>`. */
  readonly use: string;
  readonly instance: string;
  /** The evaluated input of the action. */
  readonly input: Json;
  readonly approvalClass: ApprovalClass;
  readonly approvalId: string | null;
  readonly containment: boolean;
  readonly state: OperationState;
  /** Last fencing number handed out. */
  readonly fence: number;
  readonly generation: number;
  readonly plan: StoredPlan;
  readonly planDigest: string;
  readonly receipt: Receipt | null;
  readonly verdict: Verdict | null;
  /** Why it was refused, is unknown or unverified; null otherwise. */
  readonly reason: string | null;
  /** Order in which applies began; the undo order is the reverse. Null while nothing began. */
  readonly applySequence: number | null;
  /** A later operation of the same incident changed the same fields: the watch looks at that one. */
  readonly superseded: boolean;
  readonly leaseUntil: string | null;
  /** How often it was written again since it was last left alone for a whole lease. */
  readonly restores: number;
  /** Who moved it last, as far as the far side tells; null when nobody did or could be named. */
  readonly movedBy: string | null;
  /** Set when people left this containment in place at close. */
  readonly leftOwner: string | null;
  readonly leftUntil: string | null;
  /** True for an effect of a drill; the database holds it to what its incident is. */
  readonly drill: boolean;
}

/** Everything that the row's plan touches, as claim keys, sorted. */
export function claimTargetsOf(
  row: Pick<OperationRow, 'target' | 'instance' | 'plan'>,
): readonly string[] {
  const planned = row.plan.targets.map((target) => `${row.instance}/${target}`);
  return [...new Set([row.target, ...planned])].sort();
}

/** How an operation of the playbook ended in a round; its value is what later expressions read. */
export interface OperationResult {
  readonly incidentId: string;
  readonly step: StepName;
  readonly operation: string;
  readonly round: number;
  readonly outcome: Outcome;
  /** Why it did not succeed; null otherwise. */
  readonly reason: string | null;
  readonly value: Json;
  readonly startedAt: string;
  readonly settledAt: string;
}

/** Key in a result's value: a person went on without the operation, or without proof of it. */
export const PASSED_OVER = 'passedOver';

/** True when the value of a result says that a person went on without it, or without proof of it. */
export function isPassedOver(value: Json): boolean {
  return isJsonObject(value) && value[PASSED_OVER] === true;
}

/** True when the effect is certain not to have happened (or was taken back). */
export function isSettledAsNotApplied(state: OperationState): boolean {
  return (
    state === 'refused' ||
    state === 'void' ||
    state === 'reverted' ||
    state === 'planned' ||
    state === 'approved'
  );
}
