import type { FastifyInstance } from 'fastify';
import type { ZodTypeProvider } from 'fastify-type-provider-zod';
import { ADMINISTRATORS } from '../auth.ts';
import type { ApiDependencies } from '../dependencies.ts';
import { configurationEndpoints } from '../schema/configuration.ts';

/** Registers reading the configuration file again, for administrators. */
export function registerConfiguration(app: FastifyInstance, dependencies: ApiDependencies): void {
  app.withTypeProvider<ZodTypeProvider>().route({
    ...configurationEndpoints.reload,
    config: { access: ADMINISTRATORS, scope: 'admin' },
    handler: () => dependencies.reload(),
  });
}
