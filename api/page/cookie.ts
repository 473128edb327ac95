import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { AppError } from '../../domain/error.ts';
import { SIGN_IN } from '../../domain/sign-in.ts';

/**
 * What our cookies are for: who signed in, a visit before that, for the form to sign in, and a sign-in that waits for an issuer's
 * answer.
 */
export type CookieKind = 'session' | 'visit' | 'pending';

/** The answer of an issuer comes from its site, so the cookie that it belongs to has to come along. */
const ATTRIBUTES: Readonly<Record<CookieKind, readonly string[]>> = {
  session: ['SameSite=Strict'],
  visit: ['SameSite=Strict'],
  pending: ['SameSite=Lax', `Max-Age=${(SIGN_IN.pendingMs / 1000).toString()}`],
};

const SECRET_BYTES = 32;
const SECRET = /^[A-Za-z0-9_-]{43}$/u;

/** 256 random bits, as a cookie holds them. */
export function newSecret(): string {
  return randomBytes(SECRET_BYTES).toString('base64url');
}

/** Beyond loopback the name itself makes browsers want `Secure`, this host and no other, and the whole site. */
function nameOf(kind: CookieKind, encrypted: boolean): string {
  return `${encrypted ? '__Host-' : ''}firebreak-${kind}`;
}

/** The secret in our cookie; null when there is none, two of them, or something else in it. */
export function readCookie(
  request: Pick<FastifyRequest, 'headers'>,
  kind: CookieKind,
  encrypted: boolean,
): string | null {
  const prefix = `${nameOf(kind, encrypted)}=`;
  const found = (request.headers.cookie ?? '')
    .split(';')
    .map((part) => part.trim())
    .filter((part) => part.startsWith(prefix));
  // Of two one could have been planted by another site of this domain.
  const value = found.length === 1 ? (found[0] ?? '').slice(prefix.length) : '';
  return SECRET.test(value) ? value : null;
}

/** Sets our cookie, or takes it away when the secret is null. */
export function setCookie(
  reply: FastifyReply,
  {
    kind,
    secret,
    encrypted,
  }: { readonly kind: CookieKind; readonly secret: string | null; readonly encrypted: boolean },
): void {
  const parts = [
    `${nameOf(kind, encrypted)}=${secret ?? ''}`,
    'Path=/',
    'HttpOnly',
    ...ATTRIBUTES[kind],
    ...(encrypted ? ['Secure'] : []),
    // Of two ages the last one counts.
    ...(secret === null ? ['Max-Age=0'] : []),
  ];
  void reply.header('set-cookie', parts.join('; '));
}

/** The token of every form that is shown with a cookie: only who reads our page knows it. */
export function formTokenOf(secret: string): string {
  return createHmac('sha256', secret).update('form').digest('base64url');
}

/** Raises `refused` unless a form carries the token of the cookie that it came with. */
export function requireFormToken(token: string, secret: string | null): void {
  const expected = Buffer.from(secret === null ? '' : formTokenOf(secret));
  const given = Buffer.from(token);
  const holds =
    secret !== null && given.length === expected.length && timingSafeEqual(given, expected);
  if (holds) return;
  throw new AppError(
    'refused',
    'This form is not of a page that you have open. Load the page again.',
    {
      field: 'token',
    },
  );
}
