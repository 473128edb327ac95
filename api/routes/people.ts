import type { FastifyInstance } from 'fastify';
import type { ZodTypeProvider } from 'fastify-type-provider-zod';
import { AppError } from '../../domain/error.ts';
import { sha256Hex } from '../../evidence/digest.ts';
import { ADMINISTRATORS, callerOf, newToken } from '../auth.ts';
import type { ApiDependencies } from '../dependencies.ts';
import { peopleEndpoints } from '../schema/person.ts';

/** Registers people and their tokens, for administrators. */
export function registerPeople(app: FastifyInstance, dependencies: ApiDependencies): void {
  const api = app.withTypeProvider<ZodTypeProvider>();
  const { store } = dependencies;

  api.route({
    ...peopleEndpoints.list,
    config: { access: ADMINISTRATORS },
    handler: async () => ({ items: await store.people.list() }),
  });

  api.route({
    ...peopleEndpoints.put,
    config: { access: ADMINISTRATORS },
    handler: async (request) => {
      const person = { id: request.params.id, ...request.body };
      const self = callerOf(request).person.id === person.id;
      if (self && !(person.active && person.roles.includes('admin'))) {
        throw new AppError('refused', 'Nobody takes away their own right to administer.');
      }
      await store.people.put(person);
      return { person };
    },
  });

  api.route({
    ...peopleEndpoints.token,
    config: { access: ADMINISTRATORS },
    handler: async (request, reply) => {
      const person = await store.people.get(request.params.id);
      if (person === null) throw new AppError('not_found', 'There is no such person.');
      const token = newToken();
      await store.people.addToken({
        personId: person.id,
        sha256: sha256Hex(token),
        label: request.body.label,
        expiresAt: request.body.expiresAt,
        // A token that somebody made for themself with a bootstrap token inherits its limit.
        canApprove: callerOf(request).person.id !== person.id || callerOf(request).canApprove,
      });
      return reply.code(201).send({ token, personId: person.id });
    },
  });
}
