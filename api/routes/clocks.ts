import type { FastifyInstance } from 'fastify';
import type { ZodTypeProvider } from 'fastify-type-provider-zod';
import { rolesOf } from '../../domain/admission.ts';
import { AppError } from '../../domain/error.ts';
import { admitDecision, awaitOutcome, viewOf } from '../admission.ts';
import { actorOf, callerOf, READERS, requireScope } from '../auth.ts';
import { API_LIMITS, type ApiDependencies } from '../dependencies.ts';
import { requestIdOf } from '../request-id.ts';
import { clockEndpoints } from '../schema/clock.ts';
import { requireIncident } from '../sight.ts';

/** Registers the clocks of regulators for one incident: looking at them, and putting on record what a person says. */
export function registerClocks(app: FastifyInstance, dependencies: ApiDependencies): void {
  const waitMs = dependencies.limits?.decisionWaitMs ?? API_LIMITS.decisionWaitMs;
  app.withTypeProvider<ZodTypeProvider>().route({
    ...clockEndpoints.read,
    config: { access: READERS, scope: 'read', reach: 'object' },
    handler: async (request) => {
      const { record, decisionId, ...words } = request.body;
      const actor = actorOf(request);
      const caller = callerOf(request);
      if (record) requireScope(caller, 'steer');
      const access = record ? rolesOf('declare') : READERS;
      const asked = { id: request.params.id, caller };
      const incident = await requireIncident(dependencies, asked, access);
      // Before it is recorded: a name that no regime knows, or a moment that has not come, is refused here.
      const spoken = await dependencies.clocks(incident, { by: actor.person, words });
      if (!record) return { ...spoken, decision: null };
      if (Object.values(words).every((list) => list.length === 0)) {
        throw new AppError('invalid', 'There is nothing to record.', { field: 'body.record' });
      }
      const decision = await admitDecision(dependencies, {
        decisionId: requestIdOf(request, decisionId ?? null, dependencies.newId),
        command: { kind: 'declare', ...words },
        incidentId: incident.id,
        actor,
        caller,
      });
      const latest = await awaitOutcome(dependencies.store, decision, waitMs);
      const now = await dependencies.clocks(incident, { by: actor.person, words });
      return { ...now, decision: viewOf(latest) };
    },
  });
}
