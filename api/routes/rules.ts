import type { FastifyInstance } from 'fastify';
import type { ZodTypeProvider } from 'fastify-type-provider-zod';
import { callerOf, READERS, STEERERS } from '../auth.ts';
import type { ApiDependencies } from '../dependencies.ts';
import { ruleEndpoints } from '../schema/rule.ts';

/** Registers looking at the rules in force and answering changes of them. */
export function registerRules(app: FastifyInstance, { rules }: ApiDependencies): void {
  const api = app.withTypeProvider<ZodTypeProvider>();

  api.route({
    ...ruleEndpoints.list,
    config: { access: READERS },
    handler: async ({ query }) => {
      const { number, digest, ground, armed, by, since, rules: inForce } = rules.revision();
      const { changeDelaySeconds } = inForce;
      return {
        revision: { number, digest, ground, armed, by, since, changeDelaySeconds },
        items: await rules.changes(query.status ?? null),
      };
    },
  });

  api.route({
    ...ruleEndpoints.show,
    config: { access: READERS },
    handler: ({ params }) => rules.change(params.id),
  });

  api.route({
    ...ruleEndpoints.answer,
    // Who may approve is for the rules in force to say; whoever steers may reject.
    config: { access: STEERERS, scope: 'decide' },
    handler: (request) =>
      rules.answer({ changeId: request.params.id, ...request.body, caller: callerOf(request) }),
  });
}
