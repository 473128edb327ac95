import type { FastifyInstance } from 'fastify';
import type { ZodTypeProvider } from 'fastify-type-provider-zod';
import { threeWayDifference } from '../../domain/plan.ts';
import { READERS, STEERERS } from '../auth.ts';
import { incidentEndpoints } from '../contract.ts';
import type { ApiDependencies } from '../dependencies.ts';
import { requireIncident } from '../incident-view.ts';

/** Registers the list of an incident's effects with their plans, and what is left to do by hand. */
export function registerPlans(app: FastifyInstance, dependencies: ApiDependencies): void {
  const api = app.withTypeProvider<ZodTypeProvider>();
  api.route({
    ...incidentEndpoints.rest,
    config: { access: STEERERS },
    handler: async ({ params }) => {
      const incident = await requireIncident(dependencies, params.id);
      return { items: await dependencies.rest(incident) };
    },
  });
  api.route({
    ...incidentEndpoints.plans,
    config: { access: READERS },
    handler: async ({ params }) => {
      const incident = await requireIncident(dependencies, params.id);
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
