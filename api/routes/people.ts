import type { FastifyInstance, FastifyRequest } from 'fastify';
import type { ZodTypeProvider } from 'fastify-type-provider-zod';
import { z } from 'zod';
import { AppError } from '../../domain/error.ts';
import { BOOTSTRAP_ADMIN } from '../../domain/rules.ts';
import { sha256Hex } from '../../evidence/digest.ts';
import { ADMINISTRATORS, callerOf, newToken, READERS, requireRole, type Caller } from '../auth.ts';
import type { ApiDependencies } from '../dependencies.ts';
import { peopleEndpoints } from '../schema/person.ts';
import { makePassword } from '../sign-in.ts';

/** True when a person can already answer with something of their own. */
async function hasOwn({ store }: ApiDependencies, personId: string): Promise<boolean> {
  const [token, account] = await Promise.all([
    store.people.hasToken(personId),
    store.accounts.get(personId),
  ]);
  return token || account !== null;
}

/**
 * Whether a new token or password may approve. One made for oneself is worth what the present token is. Once changes need two
 * people, one made for another approves only when that person has none: else an administrator could answer in their name.
 */
async function mayApprove(
  dependencies: ApiDependencies,
  { caller, personId }: { readonly caller: Caller; readonly personId: string },
): Promise<boolean> {
  if (personId === BOOTSTRAP_ADMIN) return false;
  if (caller.person.id === personId) return caller.canApprove;
  return !dependencies.rules.revision().armed || !(await hasOwn(dependencies, personId));
}

/** Registers people and their tokens, for administrators. */
export function registerPeople(app: FastifyInstance, dependencies: ApiDependencies): void {
  const api = app.withTypeProvider<ZodTypeProvider>();
  const { store, rules } = dependencies;

  api.route({
    ...peopleEndpoints.list,
    config: { access: ADMINISTRATORS },
    handler: async () => ({ items: await store.people.list() }),
  });

  api.route({
    ...peopleEndpoints.put,
    config: { access: ADMINISTRATORS },
    handler: async (request) => {
      const person = { id: request.params.id, ...request.body };
      const self = callerOf(request).person.id === person.id;
      if (self && !(person.active && person.roles.includes('admin'))) {
        throw new AppError('refused', 'Nobody takes away their own right to administer.');
      }
      const change = await rules.putPerson(person, callerOf(request).person.id);
      return { person, change: change?.id ?? null };
    },
  });

  registerTokens(app, dependencies);
}

const ownParams = z.object({ id: z.string() });

/** Everybody for themselves, for others only administrators; before anything else of the request is looked at. */
async function requireOwn(request: FastifyRequest): Promise<void> {
  const caller = callerOf(request);
  const { id } = ownParams.parse(request.params);
  if (caller.person.id !== id) requireRole(caller, ['admin']);
  return Promise.resolve();
}

/** Registers passwords and tokens. */
function registerTokens(app: FastifyInstance, dependencies: ApiDependencies): void {
  const api = app.withTypeProvider<ZodTypeProvider>();
  const { store } = dependencies;

  api.route({
    ...peopleEndpoints.tokens,
    config: { access: READERS },
    preValidation: requireOwn,
    handler: async (request) => {
      return { items: await store.people.tokensOf(request.params.id) };
    },
  });

  api.route({
    ...peopleEndpoints.revoke,
    config: { access: READERS },
    preValidation: requireOwn,
    handler: async (request) => {
      const { id: personId, token: id } = request.params;
      if (await store.people.revokeToken({ personId, id }))
        return { personId, revoked: true } as const;
      throw new AppError('not_found', 'There is no such token that is still good.');
    },
  });

  api.route({
    ...peopleEndpoints.password,
    config: { access: READERS },
    preValidation: requireOwn,
    handler: async (request, reply) => {
      const caller = callerOf(request);
      const person = await store.people.get(request.params.id);
      if (person === null || person.id === BOOTSTRAP_ADMIN) {
        throw new AppError('not_found', 'There is no such person.');
      }
      const canApprove = await mayApprove(dependencies, { caller, personId: person.id });
      const made = await makePassword(dependencies, { personId: person.id, canApprove });
      request.log.warn({ by: caller.person.id, for: person.id }, 'a password was made');
      return reply.code(201).send({ ...made, personId: person.id, canApprove });
    },
  });

  api.route({
    ...peopleEndpoints.token,
    config: { access: ADMINISTRATORS },
    handler: async (request, reply) => {
      const person = await store.people.get(request.params.id);
      if (person === null) throw new AppError('not_found', 'There is no such person.');
      const caller = callerOf(request);
      const canApprove = await mayApprove(dependencies, { caller, personId: person.id });
      const token = newToken();
      await store.people.addToken({
        personId: person.id,
        sha256: sha256Hex(token),
        label: request.body.label,
        expiresAt: request.body.expiresAt,
        canApprove,
      });
      return reply.code(201).send({ token, personId: person.id, canApprove });
    },
  });
}
