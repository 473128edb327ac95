import type { FastifyInstance, FastifyRequest } from 'fastify';
import type { ZodTypeProvider } from 'fastify-type-provider-zod';
import { actorOf, ADMINISTRATORS, APPROVERS, callerOf, READERS, REVIEWERS } from '../auth.ts';
import {
  askForKey,
  breakGlass,
  closeReview,
  confirmKey,
  revokeKey,
  takeKey,
  type ByHand,
} from '../breaking-glass.ts';
import { openCursor, sealCursor } from '../cursor.ts';
import type { ApiDependencies } from '../dependencies.ts';
import { isRefusal } from '../refused-answers.ts';
import { breakGlassEndpoints } from '../schema/break-glass.ts';
import { seenModels } from '../sight.ts';

const LIST = 'break-glass-reviews';

const handOf = (request: FastifyRequest): ByHand => ({
  actor: actorOf(request),
  caller: callerOf(request),
});

/** Registers keys that break the glass, and their way from asking to the person's hand. */
function registerKeys(app: FastifyInstance, dependencies: ApiDependencies): void {
  const api = app.withTypeProvider<ZodTypeProvider>();

  api.route({
    ...breakGlassEndpoints.keys,
    config: { access: ADMINISTRATORS, scope: 'admin' },
    handler: async () => ({ items: await dependencies.store.breakGlass.keys() }),
  });

  api.route({
    ...breakGlassEndpoints.ask,
    config: { access: ADMINISTRATORS, scope: 'admin' },
    handler: async (request, reply) => {
      const key = await askForKey(dependencies, request.body, handOf(request));
      const { id, person, askedBy } = key;
      request.log.warn({ key: id, for: person, by: askedBy }, 'a break-glass key was asked for');
      return reply.code(201).send({ key });
    },
  });

  api.route({
    ...breakGlassEndpoints.confirm,
    config: { access: ADMINISTRATORS, scope: 'admin' },
    handler: async (request) => {
      const key = await confirmKey(dependencies, request.params.id, handOf(request));
      const { id, person, confirmedBy } = key;
      request.log.warn(
        { key: id, for: person, by: confirmedBy },
        'a break-glass key was confirmed',
      );
      return { key };
    },
  });

  api.route({
    ...breakGlassEndpoints.take,
    config: { access: APPROVERS, scope: 'decide', reach: 'object' },
    handler: async (request, reply) => {
      const taken = await takeKey(dependencies, request.params.id, handOf(request));
      const { id, person } = taken.key;
      request.log.warn({ key: id, by: person }, 'a break-glass key was taken');
      return reply.code(201).send(taken);
    },
  });

  api.route({
    ...breakGlassEndpoints.revoke,
    config: { access: ADMINISTRATORS, scope: 'admin' },
    handler: async (request) => ({
      key: await revokeKey(dependencies, request.params.id, handOf(request)),
    }),
  });
}

/** Registers keys that break the glass, breaking it, and reviewing that. */
export function registerBreakGlass(app: FastifyInstance, dependencies: ApiDependencies): void {
  const api = app.withTypeProvider<ZodTypeProvider>();
  registerKeys(app, dependencies);

  api.route({
    ...breakGlassEndpoints.break,
    config: { access: APPROVERS, scope: 'decide', reach: 'object' },
    handler: async (request, reply) => {
      const by = handOf(request);
      const { person } = by.actor;
      const incidentId = request.params.id;
      try {
        const broken = await breakGlass(dependencies, { incidentId, ...request.body }, by);
        request.log.warn(
          { break: broken.glassBreak.id, incidentId, by: person },
          'glass was broken',
        );
        return await reply.code(201).send(broken);
      } catch (error) {
        if (isRefusal(error)) {
          request.log.warn({ incidentId, by: person }, `glass was not broken: ${error.message}`);
        }
        throw error;
      }
    },
  });

  api.route({
    ...breakGlassEndpoints.reviews,
    config: { access: READERS, reach: 'object' },
    handler: async (request) => {
      const { query } = request;
      const models = seenModels(dependencies, callerOf(request));
      const filter = { open: query.state === 'open', incidentId: query.incident ?? null, models };
      const page = { cursor: openCursor(LIST, query.cursor), limit: query.limit };
      const { items, next } = await dependencies.store.breakGlass.reviews(filter, page);
      return { items, next: sealCursor(LIST, next) };
    },
  });

  api.route({
    ...breakGlassEndpoints.close,
    config: { access: REVIEWERS, scope: 'decide', reach: 'object' },
    handler: (request) =>
      closeReview(dependencies, { id: request.params.id, ...request.body }, handOf(request)),
  });
}
