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

/** Somebody who approved, as cards, mails and terminals name them. */
export interface ShownApprover {
  readonly name: string;
  readonly person: string;
  /** Only of a yes that counts alone because its person broke the glass. */
  readonly breakGlass?: { readonly reason: string };
}

/** Who approved, in words; a yes by broken glass says so, and why. */
export function approverText({ name, person, breakGlass }: ShownApprover): string {
  const alone = breakGlass === undefined ? '' : `, ALONE BY BREAK-GLASS: ${breakGlass.reason}`;
  return `${name} (${person})${alone}`;
}

/** How an approval stands: open until when, or how it ended. */
export function standingText({ status, statusReason, expiresAt }: Approval): string {
  if (status === 'open') return `open until ${expiresAt}`;
  return statusReason === null ? status : `${status}: ${statusReason}`;
}
