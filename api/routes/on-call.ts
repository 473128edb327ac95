import type { FastifyInstance } from 'fastify';
import type { ZodTypeProvider } from 'fastify-type-provider-zod';
import { READERS } from '../auth.ts';
import type { OnCallPerson } from '../../domain/on-call.ts';
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
      const [all, answers] = await Promise.all([store.people.list(), onCall(at)]);
      const known = new Map(all.map((person) => [person.id, person]));
      const shown = (ids: readonly string[]): readonly OnCallPerson[] =>
        ids.map((id) => {
          const { name = id, active = false } = known.get(id) ?? {};
          return { id, name, active };
        });
      const schedules = answers.map(({ people, next, ...answer }) => ({
        ...answer,
        people: shown(people),
        next: next === null ? null : { people: shown(next.people), from: next.from },
      }));
      return { at: at.toISOString(), schedules };
    },
  });
}
