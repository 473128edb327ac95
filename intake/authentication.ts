import { createHmac, hash, timingSafeEqual } from 'node:crypto';
import type { SourceAuthentication } from '../domain/configuration.ts';
import { AppError } from '../domain/error.ts';

/** How far a signed timestamp may be from now, in both directions, in seconds. */
export const TIMESTAMP_TOLERANCE_SECONDS = 300;
/** Signatures that one header may carry. */
const SIGNATURES_MAX = 16;
const TOKEN_LENGTH_MAX = 8 * 1024;
const SHA256_HEX = /^[0-9a-f]{64}$/;
/** No dot: the signed text joins id, timestamp and body with dots. */
const WEBHOOK_ID = /^[\w:-]{1,256}$/;

/** A request whose sender is to be proven; the body as it came over the wire. */
export interface SignedRequest {
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>;
  readonly body: Uint8Array;
  readonly now: Date;
}

function unauthorized(reason: string, message: string): AppError {
  return new AppError('unauthorized', message, { details: { reason } });
}

function single(request: SignedRequest, name: string): string {
  const value = request.headers[name];
  if (value === undefined) throw unauthorized('missing', `The header ${name} is missing.`);
  if (typeof value !== 'string') throw unauthorized('repeated', `The header ${name} is repeated.`);
  return value;
}

/** True when any expected value equals `given`; all are compared, whatever the first says. */
function equalsAny(given: Uint8Array, expected: readonly Uint8Array[]): boolean {
  let found = false;
  for (const candidate of expected) {
    const same = candidate.byteLength === given.byteLength && timingSafeEqual(candidate, given);
    found = same || found;
  }
  return found;
}

function checkBearer(tokenSha256: readonly string[], request: SignedRequest): void {
  const valid = tokenSha256.filter((digest) => SHA256_HEX.test(digest));
  if (valid.length === 0 || valid.length < tokenSha256.length) {
    throw new AppError('internal', 'A bearer source is configured without a valid token digest.');
  }
  const match = /^Bearer ([\w.~+/=-]+)$/i.exec(single(request, 'authorization'));
  const token = match?.[1];
  if (token === undefined || token.length > TOKEN_LENGTH_MAX) {
    throw unauthorized('malformed', 'The authorization header is not `Bearer <token>`.');
  }
  const digest = hash('sha256', token, 'buffer');
  if (
    !equalsAny(
      digest,
      valid.map((hex) => Buffer.from(hex, 'hex')),
    )
  ) {
    throw unauthorized('wrong', 'The token is not valid for this source.');
  }
}

function keyOf(secret: string): Uint8Array {
  const prefixed = secret.startsWith('whsec_');
  const key = prefixed ? Buffer.from(secret.slice(6), 'base64') : Buffer.from(secret, 'utf8');
  if (key.byteLength === 0) {
    throw new AppError('internal', 'An HMAC source is configured with an empty secret.');
  }
  return key;
}

function checkTimestamp(text: string, now: Date): void {
  const seconds = /^\d{1,12}$/.test(text) ? Number(text) : Number.NaN;
  if (Number.isNaN(seconds)) {
    throw unauthorized('malformed', 'The header webhook-timestamp is not seconds since 1970.');
  }
  if (Math.abs(now.getTime() / 1000 - seconds) > TIMESTAMP_TOLERANCE_SECONDS) {
    throw unauthorized('stale', 'The signature is more than 300 seconds away from now.');
  }
}

/** The `v1` signatures of a header as bytes; other versions and anything not canonical base64 are left out. */
function signaturesOf(header: string): readonly Uint8Array[] {
  return header
    .split(' ')
    .slice(0, SIGNATURES_MAX)
    .filter((part) => part.startsWith('v1,'))
    .map((part) => part.slice(3))
    .filter((text) => Buffer.from(text, 'base64').toString('base64') === text)
    .map((text) => Buffer.from(text, 'base64'));
}

function checkHmac(secrets: readonly string[], request: SignedRequest): void {
  if (secrets.length === 0) {
    throw new AppError('internal', 'An HMAC source is configured without a secret.');
  }
  const id = single(request, 'webhook-id');
  const timestamp = single(request, 'webhook-timestamp');
  const signature = single(request, 'webhook-signature');
  if (!WEBHOOK_ID.test(id)) throw unauthorized('malformed', 'The header webhook-id is not an id.');
  checkTimestamp(timestamp, request.now);
  const expected = secrets.map((secret) =>
    createHmac('sha256', keyOf(secret)).update(`${id}.${timestamp}.`).update(request.body).digest(),
  );
  const given = signaturesOf(signature);
  const matches = given.map((candidate) => equalsAny(candidate, expected));
  if (!matches.includes(true)) throw unauthorized('wrong', 'The signature does not match.');
}

/**
 * Proves who sent a request: a bearer token against its SHA-256, or the Standard Webhooks signature
 * (`webhook-id`, `webhook-timestamp`, `webhook-signature: v1,<base64>`) over the raw body. Two secrets may be
 * valid during rotation. Header names are in lower case. Raises `unauthorized` with `details.reason` (`missing`,
 * `repeated`, `malformed`, `stale`, `wrong`), and `internal` when the source has no usable secret.
 */
export function authenticateSource(
  authentication: SourceAuthentication,
  request: SignedRequest,
): void {
  if (authentication.kind === 'bearer') checkBearer(authentication.tokenSha256, request);
  else checkHmac(authentication.secrets, request);
}
