import type { FastifyInstance } from 'fastify';
import type { ZodTypeProvider } from 'fastify-type-provider-zod';
import { READERS } from '../auth.ts';
import type { ApiDependencies } from '../dependencies.ts';
import { selfWatchEndpoints } from '../schema/self-watch.ts';

/** Registers what the engine sees when it watches itself. */
export function registerSelfWatch(app: FastifyInstance, dependencies: ApiDependencies): void {
  app.withTypeProvider<ZodTypeProvider>().route({
    ...selfWatchEndpoints.show,
    config: { access: READERS },
    handler: () => dependencies.selfWatch(),
  });
}
