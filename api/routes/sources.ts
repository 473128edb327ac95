import type { FastifyInstance } from 'fastify';
import type { ZodTypeProvider } from 'fastify-type-provider-zod';
import type { SourceConfiguration } from '../../domain/configuration.ts';
import { AppError } from '../../domain/error.ts';
import { objectionToExpiry } from '../../domain/scope.ts';
import { sha256Hex } from '../../evidence/digest.ts';
import { ADMINISTRATORS, callerOf, newToken } from '../auth.ts';
import type { ApiDependencies } from '../dependencies.ts';
import { sourceEndpoints } from '../schema/source.ts';

/** Registers the tokens of alert sources, for administrators. */
export function registerSources(app: FastifyInstance, dependencies: ApiDependencies): void {
  const api = app.withTypeProvider<ZodTypeProvider>();
  const { store, intake, clock } = dependencies;
  const config = { access: ADMINISTRATORS, scope: 'admin' as const };
  const requireSource = (name: string): SourceConfiguration => {
    const source = intake.source(name);
    if (source === null) throw new AppError('not_found', 'There is no such source.');
    return source;
  };

  api.route({
    ...sourceEndpoints.tokens,
    config,
    handler: async ({ params }) => ({
      items: await store.sources.tokensOf(requireSource(params.name).name),
    }),
  });

  api.route({
    ...sourceEndpoints.token,
    config,
    handler: async (request, reply) => {
      const { label, expiresAt } = request.body;
      const { name: source, authentication } = requireSource(request.params.name);
      const now = clock();
      const objection = objectionToExpiry(expiresAt, now);
      if (objection !== null) throw new AppError('invalid', objection, { field: 'body.expiresAt' });
      if (authentication.kind !== 'bearer') {
        const message = 'This source signs what it sends; a token would be a weaker way in.';
        throw new AppError('refused', message);
      }
      const token = newToken();
      const madeBy = callerOf(request).person.id;
      const made = { source, label, expiresAt, madeBy, madeAt: now.toISOString() };
      await store.sources.addToken({ ...made, sha256: sha256Hex(token) });
      request.log.warn({ by: madeBy, source }, 'a token of a source was made');
      return reply.code(201).send({ token, source, expiresAt });
    },
  });

  api.route({
    ...sourceEndpoints.revoke,
    config,
    handler: async ({ params }) => {
      // Also of a source that the configuration no longer names.
      const { name: source, token: id } = params;
      if (await store.sources.revokeToken({ source, id }))
        return { source, revoked: true } as const;
      throw new AppError('not_found', 'There is no such token that is still good.');
    },
  });
}
