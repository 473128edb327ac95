import type { FastifyInstance } from 'fastify';
import type { ZodTypeProvider } from 'fastify-type-provider-zod';
import { AppError } from '../../domain/error.ts';
import { admitDecision, awaitOutcome, viewOf } from '../admission.ts';
import { actorOf, callerOf, READERS, STEERERS } from '../auth.ts';
import { commandEndpoint, decisionEndpoints } from '../contract.ts';
import { API_LIMITS, type ApiDependencies } from '../dependencies.ts';
import { requestIdOf } from '../request-id.ts';
import { sees } from '../sight.ts';
import { COMMAND_NAMES } from '../schema/decision.ts';

/** Registers every command on an incident, and looking at a decision. */
export function registerCommands(app: FastifyInstance, dependencies: ApiDependencies): void {
  const api = app.withTypeProvider<ZodTypeProvider>();
  const waitMs = dependencies.limits?.decisionWaitMs ?? API_LIMITS.decisionWaitMs;

  for (const name of COMMAND_NAMES) {
    api.route({
      ...commandEndpoint(name),
      config: { access: STEERERS, scope: 'steer', reach: 'object' },
      handler: async (request, reply) => {
        const { decisionId, command } = request.body;
        const decision = await admitDecision(dependencies, {
          decisionId: requestIdOf(request, decisionId, dependencies.newId),
          command,
          incidentId: request.params.id,
          actor: actorOf(request),
          caller: callerOf(request),
        });
        const latest = await awaitOutcome(dependencies.store, decision, waitMs);
        return reply
          .code(latest.outcome === 'pending' ? 202 : 200)
          .send({ decision: viewOf(latest) });
      },
    });
  }

  api.route({
    ...decisionEndpoints.show,
    config: { access: READERS, reach: 'object' },
    handler: async (request) => {
      const { store } = dependencies;
      const decision = await store.decisions.get(request.params.id);
      const incident = decision === null ? null : await store.incidents.get(decision.incidentId);
      const seen = incident !== null && sees(dependencies, callerOf(request), incident);
      if (decision === null || !seen) throw new AppError('not_found', 'There is no such decision.');
      return { decision: viewOf(decision) };
    },
  });
}
