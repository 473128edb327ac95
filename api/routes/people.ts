import type { FastifyInstance, FastifyRequest } from 'fastify';
import type { ZodTypeProvider } from 'fastify-type-provider-zod';
import { z } from 'zod';
import { AppError } from '../../domain/error.ts';
import { BOOTSTRAP_ADMIN } from '../../domain/rules.ts';
import { objectionToExpiry, scopesBeyond, type Scope } from '../../domain/scope.ts';
import { sha256Hex } from '../../evidence/digest.ts';
import {
  ADMINISTRATORS,
  callerOf,
  CONFIRMERS,
  newToken,
  READERS,
  requireRole,
  requireScope,
  type Caller,
} from '../auth.ts';
import type { ApiDependencies } from '../dependencies.ts';
import { mayApprove, worthOfPassword } from '../first-key.ts';
import { peopleEndpoints } from '../schema/person.ts';
import { makePassword } from '../sign-in.ts';

/** Who confirms a first key, as a hand of their own. Raises `unauthorized`. */
function confirmerOf(request: FastifyRequest): string {
  const { person, canApprove } = callerOf(request);
  if (canApprove) return person.id;
  throw new AppError('unauthorized', 'This needs a token of your own that approves.', {
    permission: 'a token that may approve',
  });
}

const NOTHING_PENDING =
  'Nothing here waits for you: somebody else than who made it and whose it is confirms a first key, a password once its person has chosen their own.';

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
  registerPasswords(app, dependencies);
  registerConfirming(app, dependencies);
}

/** Registers the second hand under a first key. */
function registerConfirming(app: FastifyInstance, { store }: ApiDependencies): void {
  const api = app.withTypeProvider<ZodTypeProvider>();

  api.route({
    ...peopleEndpoints.confirmToken,
    config: { access: CONFIRMERS, scope: 'decide' },
    handler: async (request) => {
      const { id: personId, token: id } = request.params;
      const by = confirmerOf(request);
      if (!(await store.people.confirmToken({ personId, id, by }))) {
        throw new AppError('refused', NOTHING_PENDING);
      }
      request.log.warn({ by, for: personId, token: id }, 'a first token was confirmed');
      return { personId, confirmed: true } as const;
    },
  });

  api.route({
    ...peopleEndpoints.confirmPassword,
    config: { access: CONFIRMERS, scope: 'decide' },
    handler: async (request) => {
      const { id: personId } = request.params;
      const by = confirmerOf(request);
      if (!(await store.accounts.confirm({ personId, by }))) {
        throw new AppError('refused', NOTHING_PENDING);
      }
      request.log.warn({ by, for: personId }, 'a first password was confirmed');
      return { personId, confirmed: true } as const;
    },
  });
}

/** The id by which a token is shown, ended and confirmed. */
const tokenIdOf = (sha256: string): string => sha256.slice(0, 16);

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

/** Registers tokens. */
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
      const decides = scopes.includes('decide');
      const { canApprove: allowed, pendingBy } = await mayApprove(dependencies, { caller, person });
      const pending = decides && pendingBy !== undefined;
      const token = newToken();
      const sha256 = sha256Hex(token);
      const made = { personId: person.id, expiresAt, canApprove: allowed && decides, scopes };
      await store.people.addToken({ ...made, label, sha256, ...(pending ? { pendingBy } : {}) });
      request.log.warn({ by: caller.person.id, for: person.id, scopes }, 'a token was made');
      return reply.code(201).send({ ...made, token, id: tokenIdOf(sha256), pending });
    },
  });
}

/** Registers making passwords. */
function registerPasswords(app: FastifyInstance, dependencies: ApiDependencies): void {
  const api = app.withTypeProvider<ZodTypeProvider>();
  const { store } = dependencies;

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
      const worth = await worthOfPassword(dependencies, { caller, person });
      const { canApprove } = worth;
      const made = await makePassword(dependencies, { personId: person.id, ...worth });
      request.log.warn({ by: caller.person.id, for: person.id }, 'a password was made');
      const pending = worth.pendingBy !== undefined;
      return reply.code(201).send({ ...made, personId: person.id, canApprove, pending });
    },
  });
}
