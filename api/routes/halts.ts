import type { FastifyInstance } from 'fastify';
import type { ZodTypeProvider } from 'fastify-type-provider-zod';
import { AppError } from '../../domain/error.ts';
import { haltedWords, haltsOn, thingOfIncident, type Halt } from '../../domain/halt.ts';
import { haltSightOf } from '../../domain/halt-sight.ts';
import { actorOf, callerOf, READERS, RESUMERS, STEERERS } from '../auth.ts';
import { openCursor, sealCursor } from '../cursor.ts';
import type { ApiDependencies } from '../dependencies.ts';
import { beginHalt } from '../halting.ts';
import { haltEndpoints } from '../schema/halt.ts';

const LIST = 'halts';
/** So many incidents that a lifted halt leaves held are named. */
const HELD_MAX = 50;

/** Held incidents that the halt was about: each goes on when somebody retries it. */
async function heldBy({ store }: ApiDependencies, lifted: Halt) {
  const filter = { states: ['held'] as const };
  const { items } = await store.incidents.list(filter, { cursor: null, limit: HELD_MAX });
  const inForce: Halt = { ...lifted, resumedAt: null };
  const concerned = await Promise.all(
    items.map(async (incident) => {
      const rows = await store.operations.ofIncident(incident.id);
      return haltsOn([inForce], thingOfIncident(incident, rows)).length > 0 ? [incident] : [];
    }),
  );
  return concerned.flat().map(({ id, title }) => ({
    id,
    title,
    cli: `firebreak incident retry ${id}`,
  }));
}

/** Registers halting, lifting a halt, and looking at what is halted. */
export function registerHalts(app: FastifyInstance, dependencies: ApiDependencies): void {
  const api = app.withTypeProvider<ZodTypeProvider>();
  const { store } = dependencies;

  api.route({
    ...haltEndpoints.list,
    config: { access: READERS, reach: 'object' },
    handler: async (request) => {
      const { query } = request;
      const cursor = openCursor(LIST, query.cursor);
      const sight = haltSightOf(callerOf(request).person, dependencies.holding.written());
      const [page, file] = await Promise.all([
        store.halts.list(sight, { cursor, limit: query.limit }),
        dependencies.haltFile(),
      ]);
      return { items: page.items, next: sealCursor(LIST, page.next), file };
    },
  });

  api.route({
    ...haltEndpoints.begin,
    config: { access: STEERERS, scope: 'halt', reach: 'object' },
    handler: async (request, reply) => {
      const by = { actor: actorOf(request), caller: callerOf(request) };
      const begun = await beginHalt(dependencies, request.body, by);
      const { created } = begun;
      if (created) return reply.code(201).send({ ...begun, created });
      return reply.code(200).send({ ...begun, created });
    },
  });

  api.route({
    ...haltEndpoints.end,
    config: { access: RESUMERS, scope: 'steer' },
    handler: async (request) => {
      const { scope, subject, reason } = request.body;
      const { person } = actorOf(request);
      const at = dependencies.clock().toISOString();
      const halt = await store.halts.end({ scope, subject, reason, by: person, at });
      if (halt === null) {
        throw new AppError('not_found', `Nobody has halted ${haltedWords({ scope, subject })}.`);
      }
      return { halt, held: await heldBy(dependencies, halt) };
    },
  });
}
