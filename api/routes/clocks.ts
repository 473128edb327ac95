import type { FastifyInstance } from 'fastify';
import type { ZodTypeProvider } from 'fastify-type-provider-zod';
import { actorOf, READERS } from '../auth.ts';
import type { ApiDependencies } from '../dependencies.ts';
import { clockEndpoints } from '../schema/clock.ts';
import { requireIncident } from '../incident-view.ts';

/** Registers the clocks of regulators for one incident. It reads; what the caller says is not recorded. */
export function registerClocks(app: FastifyInstance, dependencies: ApiDependencies): void {
  app.withTypeProvider<ZodTypeProvider>().route({
    ...clockEndpoints.read,
    config: { access: READERS },
    handler: async (request) => {
      const incident = await requireIncident(dependencies, request.params.id);
      const { facts, moments, met, waived } = request.body;
      const by = actorOf(request).person;
      const now = dependencies.clock().toISOString();
      const settled = [
        ...met.map(({ clock, at }) => ({
          clock,
          settlement: { kind: 'met' as const, at, by, reason: null },
        })),
        ...waived.map(({ clock, reason }) => ({
          clock,
          settlement: { kind: 'waived' as const, at: now, by, reason },
        })),
      ];
      return dependencies.clocks(incident, { by, facts, moments, settled });
    },
  });
}
