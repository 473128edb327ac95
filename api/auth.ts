import { randomBytes } from 'node:crypto';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { ROLES, type Role } from '../domain/approval.ts';
import { ANSWERING_ROLES, RESUMING_ROLES, STEERING_ROLES } from '../domain/admission.ts';
import { REVIEWING_ROLES } from '../domain/break-glass.ts';
import type { Actor } from '../domain/decision.ts';
import { AppError, invariant } from '../domain/error.ts';
import { rolesAnywhere } from '../domain/grant.ts';
import { PLACING_ROLES, RELEASE_QUORUM } from '../domain/legal-hold.ts';
import { CHANGE_QUORUM } from '../domain/rules.ts';
import type { Scope } from '../domain/scope.ts';
import { UPDATING_ROLES } from '../domain/stakeholder-update.ts';
import { sha256Hex } from '../evidence/digest.ts';
import type { Person, PersonTable } from '../store/person-table.ts';
import { countOfHeader } from './connection.ts';
import { requireVisitor, type SignInDoor } from './page/visitor.ts';

/** Who may call a route: everyone, a webhook source, people who signed in on our pages, or people with one of these roles. */
export type Access = 'public' | 'source' | 'page' | readonly Role[];

/** Every role: who may look. */
export const READERS: readonly Role[] = ROLES;
/** Who may steer an incident. */
export const STEERERS: readonly Role[] = STEERING_ROLES;
/** Who may lift a halt. */
export const RESUMERS: Access = RESUMING_ROLES;
/** Who may place a legal hold. */
export const HOLDERS: Access = PLACING_ROLES;
/** Who may say that a legal hold shall end. */
export const RELEASERS: Access = RELEASE_QUORUM.roles;
/** Who may send or leave out what stakeholders are told. */
export const UPDATERS: readonly Role[] = UPDATING_ROLES;
/** Who may answer an approval. */
export const APPROVERS: readonly Role[] = ANSWERING_ROLES;
/** Who may close the review of broken glass. */
export const REVIEWERS: readonly Role[] = REVIEWING_ROLES;
/** Who may confirm the first key that an administrator made for somebody: one who administers, or approves changes of the rules. */
export const CONFIRMERS: readonly Role[] = ['admin', ...CHANGE_QUORUM.roles];
/** Who may add people and tokens. */
export const ADMINISTRATORS: Access = ['admin'];

/**
 * How far a role has to reach to call a route: `everywhere`, or only to some object, and then the route itself looks whether that
 * is the one that it is asked for.
 */
export type Reach = 'everywhere' | 'object';

/** A route and who may call it, for the test that walks them all. */
export interface RouteAccess {
  readonly method: string;
  readonly url: string;
  readonly access: Access;
  /** What a token has to be for; null where no token is asked for. */
  readonly scope: Scope | null;
  readonly reach: Reach;
}

/** The person behind a request, and what their way in allows. */
export interface Caller {
  readonly person: Person;
  readonly canApprove: boolean;
  /** What the token may be used for; of a sign-in or a chat, everything that its door does. */
  readonly scopes: readonly Scope[];
}

declare module 'fastify' {
  interface FastifyContextConfig {
    /** Who may call this route. A route without it cannot be registered. */
    access?: Access;
    /** What a token has to be for. Reads say nothing; every other route for roles has to. */
    scope?: Scope;
    /** Told of somebody whom a token names and who is not let in, with why. */
    turnedAway?: (request: FastifyRequest, person: Person, error: unknown) => Promise<void>;
    /** Absent: `everywhere`. */
    reach?: Reach;
  }
  interface FastifyInstance {
    /** Every registered route with its access, in order of registration. */
    readonly routeAccess: RouteAccess[];
  }
  interface FastifyRequest {
    /** Null on routes that are public, belong to webhook sources, or are pages. */
    caller: Caller | null;
  }
}

const TOKEN_CHARACTERS_MAX = 128;
const TOKEN_BYTES = 32;
/** Doors that a bearer of a token may name. The page is none: it has sessions of its own. */
const CHANNELS = ['api', 'cli'] as const;

/** A fresh API token: `fb_` and 256 random bits. Only its SHA-256 is ever stored. */
export function newToken(): string {
  return `fb_${randomBytes(TOKEN_BYTES).toString('base64url')}`;
}

/** The token of the one bearer header, or null when there is none of ours. */
export function bearerOf(request: FastifyRequest): string | null {
  // Of two, Node keeps the first; a proxy before us may have looked at the other.
  if (countOfHeader(request, 'authorization') > 1) return null;
  const match = /^Bearer (fb_[A-Za-z0-9_-]+)$/i.exec(request.headers.authorization ?? '');
  const token = match?.[1];
  return token !== undefined && token.length <= TOKEN_CHARACTERS_MAX ? token : null;
}

/**
 * The person behind the request, read afresh: a deactivated person loses power at once. Raises `unauthorized` without saying what
 * was wrong, or naming the roles.
 */
export async function authenticate(
  request: FastifyRequest,
  people: PersonTable,
  needed: { readonly access: readonly Role[]; readonly scope: Scope; readonly reach: Reach },
): Promise<Caller> {
  const token = bearerOf(request);
  const found = token === null ? null : await people.byToken(sha256Hex(token));
  try {
    if (found?.person.active !== true) {
      throw new AppError('unauthorized', 'A valid token is needed: `Authorization: Bearer fb_…`.');
    }
    requireRole(found, needed.access, needed.reach);
    requireScope(found, needed.scope);
  } catch (error) {
    if (found) await request.routeOptions.config.turnedAway?.(request, found.person, error);
    throw error;
  }
  const { person, scopes } = found;
  return { person, scopes, canApprove: found.canApprove && scopes.includes('decide') };
}

/** Raises `unauthorized`, naming the scope, unless the caller's token is for this. */
export function requireScope({ scopes }: Pick<Caller, 'scopes'>, scope: Scope): void {
  if (scopes.includes(scope)) return;
  throw new AppError('unauthorized', 'This token is not for that.', {
    permission: `a token with the scope ${scope}`,
  });
}

/** What a token has to be for to call a route. Raises `internal` for a route that changes something and does not say. */
function scopeOf(access: Access, method: string, declared: Scope | undefined): Scope | null {
  if (typeof access === 'string') return null;
  const scope = declared ?? (method === 'GET' ? 'read' : undefined);
  invariant(scope !== undefined, 'a route that changes something declares its scope');
  return scope;
}

/** Raises `unauthorized`, naming the roles, unless the caller holds one of them: everywhere, or with `object` on anything. */
export function requireRole(
  { person }: Pick<Caller, 'person'>,
  access: readonly Role[],
  reach: Reach = 'everywhere',
): void {
  const roles = reach === 'object' ? rolesAnywhere(person) : person.roles;
  if (roles.some((role) => access.includes(role))) return;
  throw new AppError('unauthorized', 'Your roles do not allow this.', {
    permission: `one of ${access.join(', ')}`,
  });
}

/**
 * Default deny: every route registered after this must declare `config.access`, else registration raises `internal`.
 * Routes for people are then authenticated and authorised before their body is read. Pages under `publicPrefix`
 * (the API's own description, which a plugin registers) are open to everyone.
 */
export function guardRoutes(
  app: FastifyInstance,
  { people, signIn }: { readonly people: PersonTable; readonly signIn: SignInDoor },
  publicPrefix: string,
): void {
  const table: RouteAccess[] = [];
  app.decorate('routeAccess', table);
  app.decorateRequest('caller', null);
  app.decorateRequest('visitor', null);
  app.addHook('onRoute', (route) => {
    if (route.url === publicPrefix || route.url.startsWith(`${publicPrefix}/`)) {
      route.config = { ...route.config, access: 'public' };
    }
    const access = route.config?.access;
    invariant(
      access !== undefined,
      `route ${String(route.method)} ${route.url} declares its access`,
    );
    for (const method of [route.method].flat()) {
      const scope = scopeOf(access, method, route.config?.scope);
      const reach = route.config?.reach ?? 'everywhere';
      table.push({ method, url: route.url, access, scope, reach });
    }
  });
  app.addHook('onRequest', async (request) => {
    const { access, scope, reach } = request.routeOptions.config;
    // Not-found requests have no route: they learn nothing but that.
    if (access === undefined || access === 'public' || access === 'source') return;
    if (access === 'page') {
      request.visitor = await requireVisitor(request, signIn);
      return;
    }
    request.caller = await authenticate(request, people, {
      ...{ access, scope: scope ?? 'read', reach: reach ?? 'everywhere' },
    });
  });
}

/** The caller of a guarded route. Raises `internal` on a route that has none. */
export function callerOf(request: FastifyRequest): Caller {
  invariant(request.caller !== null, 'a guarded route has a caller');
  return request.caller;
}

/** The door that the bearer of a token comes through: the CLI says so in `x-firebreak-channel`. */
export function channelOf(request: FastifyRequest): string {
  const named = request.headers['x-firebreak-channel'];
  return CHANNELS.find((one) => one === named) ?? 'api';
}

/** Who acts, through which door. */
export function actorOf(request: FastifyRequest): Actor {
  const { person } = callerOf(request);
  return { person: person.id, name: person.name, roles: person.roles, channel: channelOf(request) };
}
