import type { FastifyInstance } from 'fastify';
import type { ZodTypeProvider } from 'fastify-type-provider-zod';
import { AppError } from '../../domain/error.ts';
import { actorOf, callerOf, HOLDERS, READERS, RELEASERS } from '../auth.ts';
import { openCursor, sealCursor } from '../cursor.ts';
import type { ApiDependencies } from '../dependencies.ts';
import { placeHold, releaseHold } from '../legal-holding.ts';
import { legalHoldEndpoints } from '../schema/legal-hold.ts';

const LIST = 'legal-holds';

/** Registers placing legal holds, looking at them and ending them. */
export function registerLegalHolds(app: FastifyInstance, dependencies: ApiDependencies): void {
  const api = app.withTypeProvider<ZodTypeProvider>();
  const { legalHolds } = dependencies.store;

  api.route({
    ...legalHoldEndpoints.list,
    config: { access: READERS },
    handler: async ({ query }) => {
      const page = { cursor: openCursor(LIST, query.cursor), limit: query.limit };
      const { items, next } = await legalHolds.list(page);
      return { items, next: sealCursor(LIST, next) };
    },
  });

  api.route({
    ...legalHoldEndpoints.show,
    config: { access: READERS },
    handler: async ({ params }) => {
      const hold = await legalHolds.get(params.id);
      if (hold === null) throw new AppError('not_found', 'There is no such legal hold.');
      return { hold, words: await legalHolds.words(hold.id) };
    },
  });

  api.route({
    ...legalHoldEndpoints.place,
    config: { access: HOLDERS, scope: 'steer' },
    handler: async (request, reply) => {
      const hold = await placeHold(dependencies, request.body, actorOf(request));
      return reply.code(201).send({ hold });
    },
  });

  api.route({
    ...legalHoldEndpoints.release,
    config: { access: RELEASERS, scope: 'decide' },
    handler: (request) =>
      releaseHold(
        dependencies,
        { holdId: request.params.id, reason: request.body.reason },
        { actor: actorOf(request), caller: callerOf(request) },
      ),
  });
}
