import type { FastifyInstance } from 'fastify';
import type { ZodTypeProvider } from 'fastify-type-provider-zod';
import { actorOf, callerOf, READERS, STEERERS } from '../auth.ts';
import { incidentEndpoints } from '../contract.ts';
import { openCursor, sealCursor } from '../cursor.ts';
import type { ApiDependencies } from '../dependencies.ts';
import { showIncident } from '../incident-view.ts';
import { openByHand } from '../opening.ts';
import { requestIdOf } from '../request-id.ts';
import { seenModels } from '../sight.ts';

const LIST = 'incidents';
/** Registers listing, showing and opening incidents. */
export function registerIncidents(app: FastifyInstance, dependencies: ApiDependencies): void {
  const api = app.withTypeProvider<ZodTypeProvider>();
  const { store } = dependencies;

  api.route({
    ...incidentEndpoints.list,
    config: { access: READERS, reach: 'object' },
    handler: async (request) => {
      const { query } = request;
      const page = await store.incidents.list(
        {
          states: query.state ?? null,
          models: seenModels(dependencies, callerOf(request)),
        },
        { cursor: openCursor(LIST, query.cursor), limit: query.limit },
      );
      return { items: page.items, next: sealCursor(LIST, page.next) };
    },
  });

  api.route({
    ...incidentEndpoints.show,
    config: { access: READERS, reach: 'object' },
    handler: (request) =>
      showIncident(dependencies, { id: request.params.id, caller: callerOf(request) }),
  });

  api.route({
    ...incidentEndpoints.open,
    config: { access: STEERERS, scope: 'open', reach: 'object' },
    handler: async (request, reply) => {
      const { text, requestId, drill = false } = request.body;
      const id = requestIdOf(request, requestId ?? null, dependencies.newId);
      const opened = await openByHand(dependencies, {
        requestId: id,
        text,
        actor: actorOf(request),
        caller: callerOf(request),
        drill,
      });
      const { created } = opened;
      if (created) return reply.code(201).send({ ...opened, created });
      return reply.code(200).send({ ...opened, created });
    },
  });
}
