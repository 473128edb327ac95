import type { FastifyInstance } from 'fastify';
import type { ZodTypeProvider } from 'fastify-type-provider-zod';
import type { Approval, ApprovedPlan } from '../../domain/approval.ts';
import type { DecisionCommand } from '../../domain/decision.ts';
import { AppError } from '../../domain/error.ts';
import { keyText, type OperationRow } from '../../domain/operation.ts';
import { threeWayDifference } from '../../domain/plan.ts';
import { digestOf } from '../../evidence/digest.ts';
import type { Store } from '../../store/tables.ts';
import { admitDecision, awaitOutcome, viewOf } from '../admission.ts';
import { actorOf, APPROVERS, callerOf, READERS } from '../auth.ts';
import { approvalEndpoints } from '../contract.ts';
import { openCursor, sealCursor } from '../cursor.ts';
import { API_LIMITS, type ApiDependencies } from '../dependencies.ts';
import { requestIdOf } from '../request-id.ts';
import type { ApprovalDetail } from '../schema/approval.ts';

const LIST = 'approvals';

interface AnswerBody {
  readonly planDigest: string;
  readonly verdict: 'approve' | 'reject';
  readonly reason?: string | undefined;
}

/** Raises `invalid` for a rejection that gives no reason. */
function commandOf(approvalId: string, body: AnswerBody): DecisionCommand {
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

async function detailOf(store: Store, approval: Approval): Promise<ApprovalDetail> {
  const [rows, decisions] = await Promise.all([
    store.operations.ofIncident(approval.incidentId),
    store.decisions.approvalsOf(approval.id),
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
      })),
  };
}

/** Registers listing, showing and answering approvals. */
export function registerApprovals(app: FastifyInstance, dependencies: ApiDependencies): void {
  const api = app.withTypeProvider<ZodTypeProvider>();
  const { store } = dependencies;
  const waitMs = dependencies.limits?.decisionWaitMs ?? API_LIMITS.decisionWaitMs;

  api.route({
    ...approvalEndpoints.list,
    config: { access: READERS },
    handler: async ({ query }) => {
      const page = await store.approvals.list(
        { status: query.status ?? null, incidentId: query.incident ?? null },
        { cursor: openCursor(LIST, query.cursor), limit: query.limit },
      );
      return { items: page.items, next: sealCursor(LIST, page.next) };
    },
  });

  api.route({
    ...approvalEndpoints.show,
    config: { access: READERS },
    handler: async ({ params }) => {
      const approval = await store.approvals.get(params.id);
      if (approval === null) throw new AppError('not_found', 'There is no such approval.');
      return detailOf(store, approval);
    },
  });

  api.route({
    ...approvalEndpoints.answer,
    config: { access: APPROVERS },
    handler: async (request, reply) => {
      const decision = await admitDecision(dependencies, {
        decisionId: requestIdOf(request, request.body.decisionId ?? null, dependencies.newId),
        command: commandOf(request.params.id, request.body),
        incidentId: null,
        actor: actorOf(request),
        caller: callerOf(request),
      });
      const latest = await awaitOutcome(store, decision, waitMs);
      return reply
        .code(latest.outcome === 'pending' ? 202 : 200)
        .send({ decision: viewOf(latest) });
    },
  });
}
