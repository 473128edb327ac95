import type { FastifyInstance } from 'fastify';
import type { ZodTypeProvider } from 'fastify-type-provider-zod';
import { READERS, STEERERS } from '../auth.ts';
import { lineageAcceptedSchema, lineageEndpoints } from '../contract.ts';
import type { ApiDependencies } from '../dependencies.ts';
import { acceptRawBody, rawBodyOf } from '../raw-body.ts';
import { API_PREFIX } from '../schema/value.ts';
import { registerScope } from '../scope.ts';

/** So many nodes does one walk answer at most; the rest is `truncated`. */
const WALK_NODES_MAX = 5_000;

/** Registers the walk over lineage, and the intake of OpenLineage RunEvents. */
export function registerLineage(app: FastifyInstance, dependencies: ApiDependencies): void {
  const { store } = dependencies;

  app.withTypeProvider<ZodTypeProvider>().route({
    ...lineageEndpoints.walk,
    config: { access: READERS },
    handler: ({ query }) =>
      query.direction === 'upstream'
        ? store.lineage.upstream(query.node, WALK_NODES_MAX)
        : store.lineage.downstream(query.node, WALK_NODES_MAX),
  });

  registerScope(app, 'lineage', (scope) => {
    acceptRawBody(scope, dependencies, new Set(['application/json']));
    scope.withTypeProvider<ZodTypeProvider>().route({
      method: 'POST',
      url: `${API_PREFIX}/lineage`,
      schema: {
        summary:
          'Take an OpenLineage RunEvent: 201 when it states lineage, 200 when it states none',
        response: { 200: lineageAcceptedSchema, 201: lineageAcceptedSchema },
      },
      // Lineage decides what counts as known-good: only people who may steer write it.
      config: { access: STEERERS, scope: 'ingest' },
      handler: async (request, reply) => {
        const { nodes, edges } = dependencies.lineageOf(rawBodyOf(request));
        const said = { nodes: nodes.length, edges: edges.length };
        if (nodes.length === 0 && edges.length === 0) return reply.code(200).send(said);
        await store.lineage.merge(nodes, edges);
        return reply.code(201).send(said);
      },
    });
  });
}
