import type { FastifyInstance } from 'fastify';
import type { ZodTypeProvider } from 'fastify-type-provider-zod';
import { threeWayDifference } from '../../domain/plan.ts';
import { callerOf, READERS, STEERERS } from '../auth.ts';
import { incidentEndpoints } from '../contract.ts';
import type { ApiDependencies } from '../dependencies.ts';
import { requireIncident } from '../sight.ts';

/** Registers the list of an incident's effects with their plans, and what is left to do by hand. */
export function registerPlans(app: FastifyInstance, dependencies: ApiDependencies): void {
  const api = app.withTypeProvider<ZodTypeProvider>();
  api.route({
    ...incidentEndpoints.rest,
    config: { access: STEERERS, reach: 'object' },
    handler: async (request) => {
      const asked = { id: request.params.id, caller: callerOf(request) };
      const incident = await requireIncident(dependencies, asked, STEERERS);
      return { items: await dependencies.rest(incident) };
    },
  });
  api.route({
    ...incidentEndpoints.plans,
    config: { access: READERS, reach: 'object' },
    handler: async (request) => {
      const asked = { id: request.params.id, caller: callerOf(request) };
      const incident = await requireIncident(dependencies, asked);
      const rows = await dependencies.store.operations.ofIncident(incident.id);
      return {
        items: rows.map((row) => ({
          ...row,
          changes: threeWayDifference(row.plan, row.plan.after),
        })),
      };
    },
  });
}
