import type { FastifyInstance } from 'fastify';
import type { ZodTypeProvider } from 'fastify-type-provider-zod';
import { AppError } from '../../domain/error.ts';
import { isJsonObject, type JsonObject } from '../../domain/json.ts';
import type { PinnedPlaybook } from '../../domain/playbook.ts';
import { actorOf, READERS, STEERERS } from '../auth.ts';
import type { ApiDependencies } from '../dependencies.ts';
import { playbookEndpoints } from '../schema/playbook.ts';

function asJson(value: unknown): JsonObject {
  const copy: unknown = JSON.parse(JSON.stringify(value));
  if (isJsonObject(copy)) return copy;
  throw new AppError('internal', 'A playbook is a JSON object.');
}

/** Registers playbooks: list, one, plan without writes, and why an alert is routed as it is. */
export function registerPlaybooks(app: FastifyInstance, dependencies: ApiDependencies): void {
  const api = app.withTypeProvider<ZodTypeProvider>();

  const requirePlaybook = (name: string): PinnedPlaybook => {
    const found = dependencies.playbooks().find(({ playbook }) => playbook.name === name);
    if (found === undefined) throw new AppError('not_found', 'There is no such playbook.');
    return found;
  };

  api.route({
    ...playbookEndpoints.list,
    config: { access: READERS },
    handler: () => ({
      items: dependencies.playbooks().map(({ playbook, digest }) => ({
        name: playbook.name,
        class: playbook.class,
        title: playbook.title,
        digest,
      })),
    }),
  });

  api.route({
    ...playbookEndpoints.show,
    config: { access: READERS },
    handler: ({ params }) => {
      const { playbook, digest } = requirePlaybook(params.name);
      return { digest, playbook: asJson(playbook) };
    },
  });

  api.route({
    ...playbookEndpoints.plan,
    config: { access: STEERERS, scope: 'read' },
    handler: (request) => {
      const { incidentId, text, parameters } = request.body;
      const { playbook } = requirePlaybook(request.params.name);
      if ((incidentId === undefined) === (text === undefined)) {
        throw new AppError('invalid', 'Name either an incident or words.', { field: 'body' });
      }
      return dependencies.plan({
        playbook: playbook.name,
        incidentId: incidentId ?? null,
        text: text ?? null,
        parameters,
        actor: actorOf(request),
      });
    },
  });

  api.route({
    ...playbookEndpoints.explain,
    config: { access: READERS, scope: 'read' },
    handler: ({ body, query }) =>
      dependencies.explain({ body, source: query.source ?? null, withPlan: false }),
  });

  api.route({
    ...playbookEndpoints.explainPlan,
    config: { access: STEERERS, scope: 'read' },
    handler: ({ body, query }) =>
      dependencies.explain({ body, source: query.source ?? null, withPlan: true }),
  });
}
