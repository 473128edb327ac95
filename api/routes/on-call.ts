import type { FastifyInstance } from 'fastify';
import type { ZodTypeProvider } from 'fastify-type-provider-zod';
import { READERS } from '../auth.ts';
import type { ApiDependencies } from '../dependencies.ts';
import { onCallEndpoints } from '../schema/on-call.ts';

/** Registers who is on call. */
export function registerOnCall(app: FastifyInstance, dependencies: ApiDependencies): void {
  const { store, clock, onCall } = dependencies;
  app.withTypeProvider<ZodTypeProvider>().route({
    ...onCallEndpoints.show,
    config: { access: READERS },
    handler: async ({ query }) => {
      const at = query.at === undefined ? clock() : new Date(query.at);
      const known = new Map((await store.people.list()).map((person) => [person.id, person]));
      const schedules = onCall(at).map(({ schedule, people, until, reason }) => ({
        ...{ schedule, until, reason },
        people: people.map((id) => {
          const { name = id, active = false } = known.get(id) ?? {};
          return { id, name, active };
        }),
      }));
      return { at: at.toISOString(), schedules };
    },
  });
}
