import type { FastifyInstance } from 'fastify';
import type { ZodTypeProvider } from 'fastify-type-provider-zod';
import { AppError } from '../../domain/error.ts';
import { objectionToSilence, silenceStateOf, type Silence } from '../../domain/silence.ts';
import type { StoredAlert } from '../../store/tables.ts';
import { actorOf, callerOf, READERS, STEERERS } from '../auth.ts';
import { openCursor, sealCursor } from '../cursor.ts';
import type { ApiDependencies } from '../dependencies.ts';
import { requestIdOf } from '../request-id.ts';
import { silenceEndpoints } from '../schema/silence.ts';
import { requireIncident } from '../sight.ts';

const LIST = 'silences';
/** The longest snooze of one incident. */
const SNOOZE_DAYS_MAX = 7;
const DAY_MS = 86_400_000;

function shown(silence: Silence, now: Date) {
  return { ...silence, state: silenceStateOf(silence, now) };
}

async function requireSilence(dependencies: ApiDependencies, id: string): Promise<Silence> {
  const silence = await dependencies.store.silences.get(id);
  if (silence === null) throw new AppError('not_found', 'There is no such silence.');
  return silence;
}

function suppressed({ id, incidentId, incoming, receivedAt }: StoredAlert) {
  if (incoming === null) return [];
  const { title, source, status, labels, startsAt } = incoming.alert;
  return [{ id, title, source, status, labels, startsAt, receivedAt, incidentId }];
}

function registerListing(app: FastifyInstance, dependencies: ApiDependencies): void {
  const api = app.withTypeProvider<ZodTypeProvider>();
  const { store, clock } = dependencies;

  api.route({
    ...silenceEndpoints.list,
    config: { access: READERS },
    handler: async ({ query }) => {
      const now = clock();
      const page = await store.silences.list(
        { state: query.state ?? null, now: now.toISOString() },
        { cursor: openCursor(LIST, query.cursor), limit: query.limit },
      );
      return {
        items: page.items.map((silence) => shown(silence, now)),
        next: sealCursor(LIST, page.next),
      };
    },
  });

  api.route({
    ...silenceEndpoints.show,
    config: { access: READERS },
    handler: async ({ params }) => ({
      silence: shown(await requireSilence(dependencies, params.id), clock()),
    }),
  });

  api.route({
    ...silenceEndpoints.alerts,
    config: { access: READERS },
    handler: async ({ params, query }) => {
      const { id } = await requireSilence(dependencies, params.id);
      const list = `${LIST}/${id}`;
      const page = await store.silences.alertsOf(id, {
        cursor: openCursor(list, query.cursor),
        limit: query.limit,
      });
      return { items: page.items.flatMap(suppressed), next: sealCursor(list, page.next) };
    },
  });
}

function registerChanging(app: FastifyInstance, dependencies: ApiDependencies): void {
  const api = app.withTypeProvider<ZodTypeProvider>();
  const { store, clock } = dependencies;

  api.route({
    ...silenceEndpoints.add,
    config: { access: STEERERS, scope: 'steer' },
    handler: async (request, reply) => {
      const now = clock();
      const { id, startsAt, ...body } = request.body;
      const given = { ...body, startsAt: startsAt ?? now.toISOString() };
      const objection = objectionToSilence(given, now);
      if (objection !== null) {
        throw new AppError('invalid', objection.message, { field: objection.field });
      }
      const { person, channel } = actorOf(request);
      const silence = await store.silences.put({
        ...given,
        id: requestIdOf(request, id ?? null, dependencies.newId),
        createdBy: person,
        channel,
        createdAt: now.toISOString(),
      });
      return reply.code(201).send({ silence: shown(silence, now) });
    },
  });

  api.route({
    ...silenceEndpoints.expire,
    config: { access: STEERERS, scope: 'steer' },
    handler: async (request) => {
      const { id } = await requireSilence(dependencies, request.params.id);
      const at = clock().toISOString();
      const { person } = actorOf(request);
      if (!(await store.silences.end(id, { by: person, reason: request.body.reason, at }))) {
        throw new AppError('conflict', 'This silence is over already.');
      }
      return { silence: shown(await requireSilence(dependencies, id), clock()) };
    },
  });
}

function registerSnooze(app: FastifyInstance, dependencies: ApiDependencies): void {
  app.withTypeProvider<ZodTypeProvider>().route({
    ...silenceEndpoints.snooze,
    config: { access: STEERERS, scope: 'steer', reach: 'object' },
    handler: async (request) => {
      const asked = { id: request.params.id, caller: callerOf(request) };
      const incident = await requireIncident(dependencies, asked, STEERERS);
      const now = dependencies.clock();
      const { id, until, reason } = request.body;
      if (incident.state === 'closed') throw new AppError('refused', 'The incident is closed.');
      const lengthMs = until === null ? 0 : Date.parse(until) - now.getTime();
      if (until !== null && (lengthMs <= 0 || lengthMs > SNOOZE_DAYS_MAX * DAY_MS)) {
        const message = `A snooze ends in the future, within ${SNOOZE_DAYS_MAX.toString()} days.`;
        throw new AppError('invalid', message, { field: 'until' });
      }
      const { person, name, channel } = actorOf(request);
      await dependencies.store.silences.snooze({
        id: requestIdOf(request, id ?? null, dependencies.newId),
        incidentId: incident.id,
        endsAt: new Date(now.getTime() + lengthMs).toISOString(),
        ...{ reason, person, name, channel, createdAt: now.toISOString() },
      });
      return { incidentId: incident.id, snoozedUntil: until };
    },
  });
}

/** Registers silences and snoozes: any responder may ask for quiet, with an owner, a reason and an end. */
export function registerSilences(app: FastifyInstance, dependencies: ApiDependencies): void {
  registerListing(app, dependencies);
  registerChanging(app, dependencies);
  registerSnooze(app, dependencies);
}
