import type { FastifyInstance } from 'fastify';
import type { ZodTypeProvider } from 'fastify-type-provider-zod';
import { admitDecision, awaitOutcome, viewOf } from '../admission.ts';
import { answerCommand, approvalDetail } from '../approval-detail.ts';
import { actorOf, APPROVERS, callerOf, READERS } from '../auth.ts';
import { approvalEndpoints } from '../contract.ts';
import { openCursor, sealCursor } from '../cursor.ts';
import { API_LIMITS, type ApiDependencies } from '../dependencies.ts';
import { keepTurnedAway } from '../refused-answers.ts';
import { requestIdOf } from '../request-id.ts';
import { requireApproval, seenModels } from '../sight.ts';

const LIST = 'approvals';

/** Registers listing, showing and answering approvals. */
export function registerApprovals(app: FastifyInstance, dependencies: ApiDependencies): void {
  const api = app.withTypeProvider<ZodTypeProvider>();
  const { store } = dependencies;
  const waitMs = dependencies.limits?.decisionWaitMs ?? API_LIMITS.decisionWaitMs;

  api.route({
    ...approvalEndpoints.list,
    config: { access: READERS, reach: 'object' },
    handler: async (request) => {
      const { query } = request;
      const models = seenModels(dependencies, callerOf(request));
      const page = await store.approvals.list(
        { status: query.status ?? null, incidentId: query.incident ?? null, models },
        { cursor: openCursor(LIST, query.cursor), limit: query.limit },
      );
      return { items: page.items, next: sealCursor(LIST, page.next) };
    },
  });

  api.route({
    ...approvalEndpoints.show,
    config: { access: READERS, reach: 'object' },
    handler: async (request) => {
      const asked = { id: request.params.id, caller: callerOf(request) };
      return approvalDetail(store, await requireApproval(dependencies, asked));
    },
  });

  api.route({
    ...approvalEndpoints.answer,
    config: {
      access: APPROVERS,
      scope: 'decide',
      reach: 'object',
      turnedAway: keepTurnedAway(dependencies),
    },
    handler: async (request, reply) => {
      const decision = await admitDecision(dependencies, {
        decisionId: requestIdOf(request, request.body.decisionId ?? null, dependencies.newId),
        command: answerCommand(request.params.id, request.body),
        incidentId: null,
        actor: actorOf(request),
        caller: callerOf(request),
        ...(request.body.breakGlass === undefined ? {} : { alone: request.body.breakGlass }),
      });
      const latest = await awaitOutcome(store, decision, waitMs);
      return reply
        .code(latest.outcome === 'pending' ? 202 : 200)
        .send({ decision: viewOf(latest) });
    },
  });
}
