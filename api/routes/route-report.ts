import type { FastifyInstance } from 'fastify';
import type { ZodTypeProvider } from 'fastify-type-provider-zod';
import { routeReports } from '../../domain/route-report.ts';
import { READERS } from '../auth.ts';
import type { ApiDependencies } from '../dependencies.ts';
import { routeEndpoints } from '../schema/route.ts';

const DAY_MS = 24 * 60 * 60 * 1000;

/** Registers the report on routes: the evidence for promoting one. */
export function registerRouteReport(app: FastifyInstance, dependencies: ApiDependencies): void {
  const { store, clock } = dependencies;
  app.withTypeProvider<ZodTypeProvider>().route({
    ...routeEndpoints.report,
    config: { access: READERS },
    handler: async ({ query }) => {
      const since = new Date(clock().getTime() - query.days * DAY_MS).toISOString();
      return { since, items: routeReports(await store.incidents.routeCounts(since)) };
    },
  });
}
