import type { FastifyRequest } from 'fastify';
import type { Actor } from '../../domain/decision.ts';
import { AppError, invariant } from '../../domain/error.ts';
import { SCOPES } from '../../domain/scope.ts';
import { PAGE, SIGN_IN } from '../../domain/sign-in.ts';
import { sha256Hex } from '../../evidence/digest.ts';
import type { PageReader } from '../../render/page.ts';
import type { AccountTable, PageSession } from '../../store/account-table.ts';
import type { Person } from '../../store/person-table.ts';
import type { Caller } from '../auth.ts';
import { formTokenOf, readCookie } from './cookie.ts';

/** Who signed in on our pages, read afresh for this request. */
export interface Visitor {
  readonly person: Person;
  readonly session: PageSession;
  /** What their cookie holds. */
  readonly secret: string;
}

declare module 'fastify' {
  interface FastifyRequest {
    /** Null everywhere but on pages for people who signed in. */
    visitor: Visitor | null;
  }
}

/** What sessions are looked up with. */
export interface SignInDoor {
  readonly accounts: AccountTable;
  readonly clock: () => Date;
  /** True when everything that comes in was encrypted on its way. */
  readonly encrypted: boolean;
}

/** The person of the session cookie, who is still active and whose session goes on; null otherwise. */
export async function visitorOf(
  request: Pick<FastifyRequest, 'headers'>,
  { accounts, clock, encrypted }: SignInDoor,
): Promise<Visitor | null> {
  const secret = readCookie(request, 'session', encrypted);
  if (secret === null) return null;
  const now = clock();
  const seen = await accounts.see({
    sha256: sha256Hex(secret),
    at: now.toISOString(),
    idleSince: new Date(now.getTime() - SIGN_IN.idleMs).toISOString(),
  });
  return seen === null ? null : { ...seen, secret };
}

/** As `visitorOf`. Raises `unauthorized` when nobody signed in. */
export async function requireVisitor(
  request: Pick<FastifyRequest, 'headers'>,
  door: SignInDoor,
): Promise<Visitor> {
  const visitor = await visitorOf(request, door);
  if (visitor === null) throw new AppError('unauthorized', 'Sign in first.');
  return visitor;
}

/** The visitor of a page for people who signed in. Raises `internal` on any other. */
export function visitorOn(request: FastifyRequest): Visitor {
  invariant(request.visitor !== null, 'a page for people who signed in has a visitor');
  return request.visitor;
}

/** What pages show of who looks at them. */
export function readerOf({ person, secret }: Visitor): PageReader {
  return { name: person.name, person: person.id, formToken: formTokenOf(secret) };
}

/** Who acts, through the page, and when they signed in. */
export function pageActor({ person, session }: Visitor): Actor {
  const { id, name, roles } = person;
  return { person: id, name, roles, channel: PAGE, signedInAt: session.signedInAt };
}

/** What the visitor may do. */
export function pageCaller({ person, session }: Visitor): Caller {
  return { person, canApprove: session.canApprove, scopes: SCOPES };
}
