import type { FastifyInstance } from 'fastify';
import type { ZodTypeProvider } from 'fastify-type-provider-zod';
import { renderUpdate } from '../../render/update.ts';
import { actorOf, callerOf, READERS, UPDATERS } from '../auth.ts';
import { openCursor, sealCursor } from '../cursor.ts';
import type { ApiDependencies } from '../dependencies.ts';
import { stakeholderUpdateEndpoints } from '../schema/stakeholder-update.ts';
import { requireUpdate, seenModels } from '../sight.ts';
import { settleUpdate } from '../updating.ts';

const LIST = 'updates';

/** Registers updates for stakeholders: reading, sending and leaving them out. */
export function registerUpdates(app: FastifyInstance, dependencies: ApiDependencies): void {
  const api = app.withTypeProvider<ZodTypeProvider>();
  const { updates } = dependencies.store;

  api.route({
    ...stakeholderUpdateEndpoints.list,
    config: { access: READERS, reach: 'object' },
    handler: async (request) => {
      const { query } = request;
      const { incident, state } = query;
      const models = seenModels(dependencies, callerOf(request));
      const filter = { incidentId: incident ?? null, state: state ?? null, models };
      const page = { cursor: openCursor(LIST, query.cursor), limit: query.limit };
      const { items, next } = await updates.list(filter, page);
      return { items, next: sealCursor(LIST, next) };
    },
  });

  api.route({
    ...stakeholderUpdateEndpoints.show,
    config: { access: READERS, reach: 'object' },
    handler: async (request) => {
      const asked = { id: request.params.id, caller: callerOf(request) };
      const update = await requireUpdate(dependencies, asked);
      return { update, preview: renderUpdate(update) };
    },
  });

  api.route({
    ...stakeholderUpdateEndpoints.send,
    config: { access: UPDATERS, scope: 'decide', reach: 'object' },
    handler: async (request) => {
      const answer = { kind: 'send', textSha256: request.body.textSha256 } as const;
      const by = { actor: actorOf(request), caller: callerOf(request) };
      return { update: await settleUpdate(dependencies, { id: request.params.id, answer }, by) };
    },
  });

  api.route({
    ...stakeholderUpdateEndpoints.skip,
    config: { access: UPDATERS, scope: 'decide', reach: 'object' },
    handler: async (request) => {
      const answer = { kind: 'skip', reason: request.body.reason } as const;
      const by = { actor: actorOf(request), caller: callerOf(request) };
      return { update: await settleUpdate(dependencies, { id: request.params.id, answer }, by) };
    },
  });
}
