import type { FastifyInstance } from 'fastify';
import type { ZodTypeProvider } from 'fastify-type-provider-zod';
import { callerOf, READERS } from '../auth.ts';
import { incidentEndpoints } from '../contract.ts';
import type { ApiDependencies } from '../dependencies.ts';
import { API_PREFIX, idParams } from '../schema/value.ts';
import { requireIncident } from '../sight.ts';

/** Registers the postmortem in its two forms. */
export function registerPostmortem(app: FastifyInstance, dependencies: ApiDependencies): void {
  const api = app.withTypeProvider<ZodTypeProvider>();

  api.route({
    ...incidentEndpoints.postmortem,
    config: { access: READERS, reach: 'object' },
    handler: async (request) => {
      const asked = { id: request.params.id, caller: callerOf(request) };
      const incident = await requireIncident(dependencies, asked);
      return (await dependencies.postmortem(incident.id)).json;
    },
  });

  api.route({
    method: 'GET',
    url: `${API_PREFIX}/incidents/:id/postmortem.md`,
    schema: { summary: 'The postmortem as Markdown', params: idParams },
    config: { access: READERS, reach: 'object' },
    handler: async (request, reply) => {
      const asked = { id: request.params.id, caller: callerOf(request) };
      const incident = await requireIncident(dependencies, asked);
      const { markdown } = await dependencies.postmortem(incident.id);
      return reply.header('content-type', 'text/markdown; charset=utf-8').send(markdown);
    },
  });
}
