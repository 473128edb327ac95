import type { FastifyInstance } from 'fastify';
import type { ZodTypeProvider } from 'fastify-type-provider-zod';
import { AppError } from '../../domain/error.ts';
import { haltsOn, thingOfIncident } from '../../domain/halt.ts';
import type { Incident } from '../../domain/incident.ts';
import { viewOf } from '../admission.ts';
import { actorOf, READERS, STEERERS } from '../auth.ts';
import { incidentEndpoints } from '../contract.ts';
import { openCursor, sealCursor } from '../cursor.ts';
import type { ApiDependencies } from '../dependencies.ts';
import { possibleCommands } from '../possible-commands.ts';
import { requestIdOf } from '../request-id.ts';

const LIST = 'incidents';
/** So many open approvals of one incident are shown with it. */
const APPROVALS_SHOWN_MAX = 100;
/** So many suspects of a storm are shown with it. */
const SUSPECTS_SHOWN_MAX = 200;

/** The incident. Raises `not_found`. */
export async function requireIncident(
  dependencies: Pick<ApiDependencies, 'store'>,
  id: string,
): Promise<Incident> {
  const incident = await dependencies.store.incidents.get(id);
  if (incident === null) throw new AppError('not_found', 'There is no such incident.');
  return incident;
}

/** An incident with everything that a person looks at first. Raises `not_found`. */
async function show(dependencies: ApiDependencies, id: string) {
  const { store } = dependencies;
  const incident = await requireIncident(dependencies, id);
  const { playbookDigest } = incident;
  const [pinned, results, operations, approvals, decisions, suspects, inForce] = await Promise.all([
    playbookDigest === null ? null : store.playbooks.get(playbookDigest),
    store.results.ofIncident(incident.id),
    store.operations.ofIncident(incident.id),
    store.approvals.list(
      { status: 'open', incidentId: incident.id },
      { cursor: null, limit: APPROVALS_SHOWN_MAX },
    ),
    store.decisions.ofIncident(incident.id),
    store.incidents.suspects(incident.id, SUSPECTS_SHOWN_MAX),
    store.halts.inForce(),
  ]);
  const halts = haltsOn(inForce, thingOfIncident(incident, operations));
  const playbook = pinned?.playbook ?? null;
  const situation = { incident, playbook, approvals: approvals.items, results, operations, halts };
  return {
    incident,
    results,
    approvals: approvals.items,
    decisions: decisions.map(viewOf),
    suspects,
    halts,
    now: possibleCommands(situation),
  };
}

/** Registers listing, showing and opening incidents. */
export function registerIncidents(app: FastifyInstance, dependencies: ApiDependencies): void {
  const api = app.withTypeProvider<ZodTypeProvider>();
  const { store } = dependencies;

  api.route({
    ...incidentEndpoints.list,
    config: { access: READERS },
    handler: async ({ query }) => {
      const page = await store.incidents.list(
        { states: query.state ?? null },
        { cursor: openCursor(LIST, query.cursor), limit: query.limit },
      );
      return { items: page.items, next: sealCursor(LIST, page.next) };
    },
  });

  api.route({
    ...incidentEndpoints.show,
    config: { access: READERS },
    handler: ({ params }) => show(dependencies, params.id),
  });

  api.route({
    ...incidentEndpoints.open,
    config: { access: STEERERS },
    handler: async (request, reply) => {
      const { text, requestId, drill = false } = request.body;
      const id = requestIdOf(request, requestId ?? null, dependencies.newId);
      const { incidentKey, incident, reopenWindowSeconds } = await dependencies.openRequest(
        text,
        actorOf(request),
        { drill },
      );
      const openedAt = dependencies.clock().toISOString();
      const asked = { requestId: id, incidentKey, incident, reopenWindowSeconds, openedAt };
      const opened = await store.incidents.open(asked);
      const { created } = opened;
      if (created) return reply.code(201).send({ ...opened, created });
      return reply.code(200).send({ ...opened, created });
    },
  });
}
