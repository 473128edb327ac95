import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { z } from 'zod';
import type { Approval } from '../../domain/approval.ts';
import type { Decision } from '../../domain/decision.ts';
import { AppError } from '../../domain/error.ts';
import { rolesToDecide } from '../../domain/grant.ts';
import type { Incident } from '../../domain/incident.ts';
import { isFreshSignIn, needsFreshSignIn } from '../../domain/sign-in.ts';
import {
  approvalPage,
  approvalsPage,
  type ApprovalPage,
  type PageAnswer,
} from '../../render/approval-page.ts';
import type { Person } from '../../store/person-table.ts';
import { admitDecision, awaitOutcome, foreseenRefusal } from '../admission.ts';
import { answerCommand, approvalDetail, shownPlans } from '../approval-detail.ts';
import { APPROVERS, READERS, requireRole } from '../auth.ts';
import { API_LIMITS, type ApiDependencies } from '../dependencies.ts';
import { idParams, idSchema, REASON_CHARACTERS_MAX, sha256Schema } from '../schema/value.ts';
import { requireApproval, seenModels } from '../sight.ts';
import { requireFormToken } from '../page/cookie.ts';
import { formOf, pageScope, sendOn, sendPage } from '../page/page-scope.ts';
import { pageActor, pageCaller, readerOf, visitorOn, type Visitor } from '../page/visitor.ts';

const LISTED_MAX = 100;

const answerForm = z.strictObject({
  token: z.string().max(100),
  decisionId: idSchema,
  planDigest: sha256Schema,
  verdict: z.enum(['approve', 'reject']),
  // A field that is left empty comes all the same.
  reason: z
    .string()
    .trim()
    .max(REASON_CHARACTERS_MAX)
    .transform((text) => (text === '' ? undefined : text)),
});

function answersOf(approval: Approval, decisions: readonly Decision[]): readonly PageAnswer[] {
  return decisions.flatMap(({ command, actor, decidedAt, outcome }) => {
    const isAnswer = command.kind === 'approve' || command.kind === 'reject';
    if (!isAnswer || command.approvalId !== approval.id || outcome === 'refused') return [];
    const reason = command.kind === 'reject' ? command.reason : null;
    const { person, name, roles, channel, brokenGlass } = actor;
    const breakGlass = brokenGlass?.reason ?? null;
    const answer = { person, name, roles, channel, reason, decidedAt, breakGlass };
    return [{ ...answer, verdict: command.kind }];
  });
}

function mayDecide(
  { holding }: ApiDependencies,
  { approval, incident }: { readonly approval: Approval; readonly incident: Incident },
  people: readonly Person[],
): ApprovalPage['mayDecide'] {
  const asked = approval.quorum.roles.length === 0 ? APPROVERS : approval.quorum.roles;
  return people
    .filter(({ active }) => active)
    .map((one) => {
      const roles = rolesToDecide(one, { approval, incident }, holding.written());
      return { person: one.id, name: one.name, roles };
    })
    .filter(({ roles }) => roles.some((role) => asked.includes(role)));
}

/** Whether the visitor's answers would be taken now, by the rules that judge them when they come. */
async function obstaclesOf(
  dependencies: ApiDependencies,
  { approval, visitor }: { readonly approval: Approval; readonly visitor: Visitor },
): Promise<ApprovalPage['obstacles']> {
  const incident = await dependencies.store.incidents.get(approval.incidentId);
  if (incident === null) throw new AppError('not_found', 'There is no such incident.');
  const { id, planDigest } = approval;
  const foresee = (verdict: 'approve' | 'reject') =>
    foreseenRefusal(
      dependencies,
      {
        actor: pageActor(visitor),
        caller: pageCaller(visitor),
        command: answerCommand(id, { planDigest, verdict, reason: 'foreseen' }),
      },
      { incident, approval },
    );
  const [approve, reject] = await Promise.all([foresee('approve'), foresee('reject')]);
  return { approve, reject };
}

async function pageOf(
  dependencies: ApiDependencies,
  approval: Approval,
  visitor: Visitor,
): Promise<string> {
  const { store, clock, newId } = dependencies;
  const [detail, decisions, people, since, incident, obstacles] = await Promise.all([
    approvalDetail(store, approval),
    store.decisions.ofIncident(approval.incidentId),
    store.people.list(),
    store.accounts.approversSignInSince(approval.quorum.roles),
    store.incidents.get(approval.incidentId),
    obstaclesOf(dependencies, { approval, visitor }),
  ]);
  if (incident === null) throw new AppError('not_found', 'There is no such incident.');
  const { number, title, severity, state } = incident;
  return approvalPage({
    reader: readerOf(visitor),
    approval,
    incident: { number, title, severity, state },
    plans: shownPlans(detail),
    answers: answersOf(approval, decisions),
    refused: detail.refused,
    mayDecide: mayDecide(dependencies, { approval, incident }, people),
    needsFreshSignIn: needsFreshSignIn(approval, since),
    fresh: isFreshSignIn(pageActor(visitor), clock().toISOString()),
    decisionId: newId(),
    obstacles,
  });
}

/** Whoever has to choose a password first is sent there; whoever has no role sees nothing. */
async function admitVisitor(
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<FastifyReply | undefined> {
  const visitor = visitorOn(request);
  requireRole(pageCaller(visitor), READERS, 'object');
  if (!visitor.session.mustChoose) return undefined;
  await sendOn(reply, `/password?next=${encodeURIComponent(request.url.split('?')[0] ?? '')}`);
  return reply;
}

/** Takes the answer of a form as the API takes one, and shows the approval again. */
async function answer(
  dependencies: ApiDependencies,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<FastifyReply> {
  const visitor = visitorOn(request);
  const { id } = idParams.parse(request.params);
  const { token, decisionId, ...given } = formOf(request, answerForm);
  requireFormToken(token, visitor.secret);
  const decision = await admitDecision(dependencies, {
    decisionId,
    command: answerCommand(id, given),
    incidentId: null,
    actor: pageActor(visitor),
    caller: pageCaller(visitor),
  });
  const waitMs = dependencies.limits?.decisionWaitMs ?? API_LIMITS.decisionWaitMs;
  await awaitOutcome(dependencies.store, decision, waitMs);
  return sendOn(reply, `/approvals/${id}`);
}

/** Registers the pages of approvals. Showing one decides nothing; its form does. */
export function registerApprovalPages(app: FastifyInstance, dependencies: ApiDependencies): void {
  const { store } = dependencies;
  const route = (text: string) => ({
    schema: { summary: `Page: ${text}` },
    config: { access: 'page' as const },
    preHandler: admitVisitor,
  });
  pageScope(app, {
    pages: (scope) => {
      scope.get('/approvals', route('what waits for people'), async (request, reply) => {
        const page = { cursor: null, limit: LISTED_MAX };
        const visitor = visitorOn(request);
        const models = seenModels(dependencies, visitor);
        const filter = { status: 'open', incidentId: null, models } as const;
        const { items } = await store.approvals.list(filter, page);
        return sendPage(reply, approvalsPage(readerOf(visitor), items));
      });
      scope.get('/approvals/:id', route('one approval'), async (request, reply) => {
        const { id } = idParams.parse(request.params);
        const caller = visitorOn(request);
        const approval = await requireApproval(dependencies, { id, caller });
        return sendPage(reply, await pageOf(dependencies, approval, caller));
      });
    },
    forms: (scope) => {
      scope.post('/approvals/:id', route('answer one approval'), (request, reply) =>
        answer(dependencies, request, reply),
      );
    },
  });
}
