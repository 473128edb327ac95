import type { FastifyInstance } from 'fastify';
import type { ZodTypeProvider } from 'fastify-type-provider-zod';
import { STEERERS } from '../auth.ts';
import type { ApiDependencies } from '../dependencies.ts';
import { syncEndpoints } from '../schema/sync.ts';

/** Registers the look at registries and clusters that a person asks for. */
export function registerSync(app: FastifyInstance, dependencies: ApiDependencies): void {
  app.withTypeProvider<ZodTypeProvider>().route({
    ...syncEndpoints.round,
    config: { access: STEERERS, scope: 'steer' },
    handler: () => dependencies.sync(),
  });
}
