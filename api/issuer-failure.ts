import {
  AuthorizationResponseError,
  ClientError,
  ResponseBodyError,
  WWWAuthenticateChallengeError,
} from 'openid-client';
import { AppError, isAppError } from '../domain/error.ts';

/** What the library calls an issuer that is in trouble. Everything else of it is an answer that proves nothing. */
const TROUBLE: ReadonlySet<unknown> = new Set([
  'OAUTH_TIMEOUT',
  'OAUTH_ABORT',
  'OAUTH_RESPONSE_IS_NOT_CONFORM',
  'OAUTH_RESPONSE_IS_NOT_JSON',
]);

/** What a token endpoint answers to whom it does not know. */
const UNKNOWN_CLIENT: ReadonlySet<string> = new Set(['invalid_client', 'unauthorized_client']);

/** An error code of OAuth, or that it was none: text from outside. */
function wordOf(error: string): string {
  return /^[a-z_]{1,60}$/u.test(error) ? error : 'something that is no error of OAuth';
}

function statusIn(cause: unknown): string {
  return cause instanceof Response ? ` (${cause.status.toString()})` : '';
}

/** Why something at an issuer failed, in words of the library or of ours: nothing that the issuer or the browser sent is in it. */
export function reasonOf(error: unknown): string {
  if (error instanceof AuthorizationResponseError) return `it says ${wordOf(error.error)}`;
  if (error instanceof ResponseBodyError) return `its token endpoint says ${wordOf(error.error)}`;
  if (error instanceof WWWAuthenticateChallengeError) {
    return 'its token endpoint takes neither our client id nor our secret';
  }
  if (!(error instanceof Error)) return 'nobody knows why';
  const { cause } = error;
  return error instanceof ClientError && cause instanceof Error
    ? cause.message
    : `${error.message}${statusIn(cause)}`;
}

/** True when the issuer does not know us: nobody who signs in can help that. */
export function isUnknownClient(error: unknown): boolean {
  if (error instanceof WWWAuthenticateChallengeError) return true;
  return error instanceof ResponseBodyError && UNKNOWN_CLIENT.has(error.error);
}

/** True when the issuer was not there, or answered as nothing that could prove anything: what we raise ourselves about it, and `TROUBLE`. */
function isTrouble(error: unknown): boolean {
  if (!(error instanceof ClientError)) return isAppError(error);
  return TROUBLE.has(error.code) || isAppError(error.cause);
}

/** That an issuer is not there, or is none. Code `unavailable`; `details.reason` says why. */
export function issuerTrouble(name: string, error: unknown): AppError {
  const reason = reasonOf(error);
  return new AppError(
    'unavailable',
    `${name} does not answer as it should: sign in with a password of yours, or try again.`,
    { details: { reason }, cause: error },
  );
}

/**
 * What a person is told when a sign-in did not come through: `refused`, or `unavailable` when the issuer is in trouble;
 * `details.reason` says why to who reads the log.
 */
export function signInFailure(name: string, error: unknown): AppError {
  if (isTrouble(error)) return issuerTrouble(name, error);
  return new AppError('refused', sentenceOf(name, error), {
    details: { reason: reasonOf(error) },
    cause: error,
  });
}

function sentenceOf(name: string, error: unknown): string {
  if (isUnknownClient(error)) {
    return `${name} does not know Firebreak: an administrator has to look at OIDC_CLIENT_ID and OIDC_CLIENT_SECRET.`;
  }
  if (error instanceof AuthorizationResponseError) {
    return `${name} did not let you in (${wordOf(error.error)}).`;
  }
  return `The answer of ${name} does not prove who you are. Begin again.`;
}
