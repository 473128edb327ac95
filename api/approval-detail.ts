import type { Approval, ApprovedPlan } from '../domain/approval.ts';
import type { DecisionCommand } from '../domain/decision.ts';
import { AppError } from '../domain/error.ts';
import { keyText, type OperationRow } from '../domain/operation.ts';
import { threeWayDifference } from '../domain/plan.ts';
import { digestOf } from '../evidence/digest.ts';
import type { ShownPlan } from '../render/approval-plan.ts';
import type { Store } from '../store/tables.ts';
import type { ApprovalDetail } from './schema/approval.ts';

/** A person's answer to an approval, as every door hands it on. */
export interface ApprovalAnswer {
  readonly planDigest: string;
  readonly verdict: 'approve' | 'reject';
  readonly reason?: string | undefined;
}

/** The decision that an answer is. Raises `invalid` for a rejection that gives no reason. */
export function answerCommand(approvalId: string, body: ApprovalAnswer): DecisionCommand {
  const { planDigest, verdict, reason } = body;
  if (verdict === 'approve') return { kind: 'approve', approvalId, planDigest };
  if (reason === undefined) {
    throw new AppError('invalid', 'A rejection gives its reason.', { field: 'body.reason' });
  }
  return { kind: 'reject', approvalId, planDigest, reason };
}

/** The row that an approved plan speaks about, and whether it would be taken back. */
function rowOf(
  plan: ApprovedPlan,
  rows: readonly OperationRow[],
): { readonly row: OperationRow; readonly undone: boolean } | null {
  const same = rows.filter(({ target, round }) => target === plan.target && round === plan.round);
  const own = same.find((row) => row.operation === plan.operation);
  if (own !== undefined && own.planDigest === plan.digest) return { row: own, undone: false };
  // An undo is listed under its own name and binds the row and its plan by this digest.
  const undone = same.find(
    (row) => digestOf({ undo: keyText(row), planDigest: row.planDigest }) === plan.digest,
  );
  return undone === undefined ? null : { row: undone, undone: true };
}

function planLine(
  listed: ApprovedPlan,
  rows: readonly OperationRow[],
): ApprovalDetail['plans'][number] {
  const { operation, target, round, digest } = listed;
  const line = { operation, target, round, digest };
  const found = rowOf(listed, rows);
  if (found === null) return { ...line, plan: null, changes: [] };
  const { plan } = found.row;
  const shown = found.undone
    ? { ...plan, summary: listed.summary, before: plan.after, after: plan.before }
    : plan;
  // Against its own `after`, the three-way difference is exactly what the plan changes.
  return { ...line, plan: shown, changes: threeWayDifference(shown, shown.after) };
}

/** Everything that an approver judges: each exact plan with what it changes, and who has approved. */
export async function approvalDetail(
  store: Pick<Store, 'operations' | 'decisions' | 'refusedAnswers'>,
  approval: Approval,
): Promise<ApprovalDetail> {
  const [rows, decisions, refused] = await Promise.all([
    store.operations.ofIncident(approval.incidentId),
    store.decisions.approvalsOf(approval.id),
    store.refusedAnswers.ofApproval(approval.id),
  ]);
  return {
    approval,
    plans: approval.plans.map((plan) => planLine(plan, rows)),
    approvedBy: decisions
      .filter(({ outcome }) => outcome !== 'refused')
      .map(({ id, actor, decidedAt }) => ({
        person: actor.person,
        name: actor.name,
        roles: actor.roles,
        decidedAt,
        decisionId: id,
        ...(actor.brokenGlass === undefined ? {} : { breakGlass: actor.brokenGlass }),
      })),
    refused,
  };
}

/** The plans of an approval as every door shows them. */
export function shownPlans({ approval, plans }: ApprovalDetail): readonly ShownPlan[] {
  return approval.plans.map((listed, index) => {
    const { operation, target, summary, action, approvalClass, undo } = listed;
    const found = plans[index];
    return {
      ...{ operation, target, summary, action, approvalClass, undo },
      known: found?.plan !== null && found !== undefined,
      changes: found?.changes ?? [],
    };
  });
}
