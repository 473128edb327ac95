import type { FastifyInstance } from 'fastify';
import type { ZodTypeProvider } from 'fastify-type-provider-zod';
import { READERS } from '../auth.ts';
import { incidentEndpoints } from '../contract.ts';
import type { ApiDependencies } from '../dependencies.ts';
import { API_PREFIX, idParams } from '../schema/value.ts';
import { requireIncident } from '../incident-view.ts';

/** Registers the postmortem in its two forms. */
export function registerPostmortem(app: FastifyInstance, dependencies: ApiDependencies): void {
  const api = app.withTypeProvider<ZodTypeProvider>();

  api.route({
    ...incidentEndpoints.postmortem,
    config: { access: READERS },
    handler: async ({ params }) => {
      const incident = await requireIncident(dependencies, params.id);
      return (await dependencies.postmortem(incident.id)).json;
    },
  });

  api.route({
    method: 'GET',
    url: `${API_PREFIX}/incidents/:id/postmortem.md`,
    schema: { summary: 'The postmortem as Markdown', params: idParams },
    config: { access: READERS },
    handler: async ({ params }, reply) => {
      const incident = await requireIncident(dependencies, params.id);
      const { markdown } = await dependencies.postmortem(incident.id);
      return reply.header('content-type', 'text/markdown; charset=utf-8').send(markdown);
    },
  });
}
