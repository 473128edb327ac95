import type { Approval, ApprovalClass } from '../domain/approval.ts';
import type { Difference } from '../domain/plan.ts';

/** One path that a plan changes; a value that is not there is left out. */
export type ShownChange = Pick<Difference, 'path'> & Partial<Pick<Difference, 'before' | 'after'>>;

/** One exact plan as approvers judge it, on whatever they read. */
export interface ShownPlan {
  readonly operation: string;
  readonly target: string;
  readonly summary: string;
  readonly action: string;
  readonly approvalClass: ApprovalClass;
  readonly undo: string;
  /** False when the row of the plan is gone: then nobody can see what it changes. */
  readonly known: boolean;
  /** What it changes, path by path; empty when that is not known. */
  readonly changes: readonly ShownChange[];
}

/** How an approval stands: open until when, or how it ended. */
export function standingText({ status, statusReason, expiresAt }: Approval): string {
  if (status === 'open') return `open until ${expiresAt}`;
  return statusReason === null ? status : `${status}: ${statusReason}`;
}
