import type { FastifyInstance, FastifyRequest } from 'fastify';
import type { ZodTypeProvider } from 'fastify-type-provider-zod';
import { z } from 'zod';
import { AppError } from '../../domain/error.ts';
import { BOOTSTRAP_ADMIN } from '../../domain/rules.ts';
import { objectionToExpiry, scopesBeyond, type Scope } from '../../domain/scope.ts';
import { sha256Hex } from '../../evidence/digest.ts';
import type { Person } from '../../store/person-table.ts';
import {
  ADMINISTRATORS,
  callerOf,
  newToken,
  READERS,
  requireRole,
  requireScope,
  type Caller,
} from '../auth.ts';
import type { ApiDependencies } from '../dependencies.ts';
import { peopleEndpoints } from '../schema/person.ts';
import { makePassword } from '../sign-in.ts';

/** True when a person has a way of their own to answer, or ever had one: an ended token is none of another's to renew. */
async function hasOwn(
  { store }: ApiDependencies,
  { id, slackUser, identity }: Pick<Person, 'id' | 'slackUser' | 'identity'>,
): Promise<boolean> {
  const [token, account] = await Promise.all([store.people.hasToken(id), store.accounts.get(id)]);
  return token || account !== null || slackUser !== null || identity !== undefined;
}

/**
 * Whether a new token or password may approve. One made for oneself is worth what the present token is. Once changes need two
 * people, one made for another approves only when that person never had a way in, be it Slack or an issuer: else an administrator could
 * answer in their name.
 */
async function mayApprove(
  dependencies: ApiDependencies,
  { caller, person }: { readonly caller: Caller; readonly person: Person },
): Promise<boolean> {
  if (person.id === BOOTSTRAP_ADMIN) return false;
  if (caller.person.id === person.id) return caller.canApprove;
  return !dependencies.rules.revision().armed || !(await hasOwn(dependencies, person));
}

/** Raises `unauthorized` for a token of one's own that would be for more than the one that it is made with. */
function requireNoMore(caller: Caller, personId: string, scopes: readonly Scope[]): void {
  const more = caller.person.id === personId ? scopesBeyond(scopes, caller.scopes) : [];
  if (more.length === 0) return;
  throw new AppError('unauthorized', 'A token makes none that is for more than itself.', {
    field: 'body.scopes',
    permission: `a token with ${more.join(', ')}`,
  });
}

/** Registers people and their tokens, for administrators. */
export function registerPeople(app: FastifyInstance, dependencies: ApiDependencies): void {
  const api = app.withTypeProvider<ZodTypeProvider>();
  const { store, rules } = dependencies;

  api.route({
    ...peopleEndpoints.list,
    config: { access: ADMINISTRATORS, scope: 'admin' },
    handler: async () => ({ items: await store.people.list() }),
  });

  api.route({
    ...peopleEndpoints.put,
    config: { access: ADMINISTRATORS, scope: 'admin' },
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
  if (caller.person.id !== id) {
    requireRole(caller, ['admin']);
    requireScope(caller, 'admin');
  }
  return Promise.resolve();
}

/** Registers passwords and tokens. */
function registerTokens(app: FastifyInstance, dependencies: ApiDependencies): void {
  const api = app.withTypeProvider<ZodTypeProvider>();
  const { store } = dependencies;

  api.route({
    ...peopleEndpoints.tokens,
    config: { access: READERS, scope: 'account', reach: 'object' },
    preValidation: requireOwn,
    handler: async (request) => {
      return { items: await store.people.tokensOf(request.params.id) };
    },
  });

  api.route({
    ...peopleEndpoints.revoke,
    config: { access: READERS, scope: 'account', reach: 'object' },
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
    config: { access: READERS, scope: 'account', reach: 'object' },
    preValidation: requireOwn,
    handler: async (request, reply) => {
      const caller = callerOf(request);
      const person = await store.people.get(request.params.id);
      if (person === null || person.id === BOOTSTRAP_ADMIN) {
        throw new AppError('not_found', 'There is no such person.');
      }
      const canApprove = await mayApprove(dependencies, { caller, person });
      const made = await makePassword(dependencies, { personId: person.id, canApprove });
      request.log.warn({ by: caller.person.id, for: person.id }, 'a password was made');
      return reply.code(201).send({ ...made, personId: person.id, canApprove });
    },
  });

  api.route({
    ...peopleEndpoints.token,
    config: { access: READERS, scope: 'account', reach: 'object' },
    preValidation: requireOwn,
    handler: async (request, reply) => {
      const person = await store.people.get(request.params.id);
      if (person === null) throw new AppError('not_found', 'There is no such person.');
      const caller = callerOf(request);
      const { label, scopes, expiresAt } = request.body;
      const objection = objectionToExpiry(expiresAt, dependencies.clock());
      if (objection !== null) throw new AppError('invalid', objection, { field: 'body.expiresAt' });
      requireNoMore(caller, person.id, scopes);
      const allowed = await mayApprove(dependencies, { caller, person });
      const canApprove = allowed && scopes.includes('decide');
      const token = newToken();
      const made = { personId: person.id, expiresAt, canApprove, scopes };
      await store.people.addToken({ ...made, label, sha256: sha256Hex(token) });
      request.log.warn({ by: caller.person.id, for: person.id, scopes }, 'a token was made');
      return reply.code(201).send({ ...made, token });
    },
  });
}
