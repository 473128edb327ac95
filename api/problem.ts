import { hasZodFastifySchemaValidationErrors } from 'fastify-type-provider-zod';
import { AppError, isAppError, toAppError, type ErrorCode } from '../domain/error.ts';
import type { Problem } from './schema/problem.ts';

/** Media type of every error answer (RFC 9457). */
export const PROBLEM_TYPE = 'application/problem+json';
/** How long a client waits after a 503 that names no time of its own, in seconds. */
export const RETRY_AFTER_SECONDS = 5;
const DETAIL_CHARACTERS_MAX = 1000;

/** The one table from error code to HTTP status. */
const STATUS: Readonly<Record<ErrorCode, number>> = {
  invalid: 400,
  unauthorized: 401,
  not_found: 404,
  conflict: 409,
  refused: 403,
  too_large: 413,
  rate_limited: 429,
  unavailable: 503,
  outcome_unknown: 504,
  bad_reply: 502,
  unsupported: 501,
  internal: 500,
};

const TITLE: Readonly<Record<ErrorCode, string>> = {
  invalid: 'The request is not right',
  unauthorized: 'Not allowed',
  not_found: 'Not found',
  conflict: 'The world has moved',
  refused: 'Refused',
  too_large: 'Too large',
  rate_limited: 'Too many requests',
  unavailable: 'Not available now',
  outcome_unknown: 'The outcome is unknown',
  bad_reply: 'Another system answered something strange',
  unsupported: 'Not supported',
  internal: 'Something went wrong inside Firebreak',
};

/** Headers whose refusal has a status of its own; that of the others is 400. */
const HEADER_STATUS: ReadonlyMap<unknown, number> = new Map([
  ['content-type', 415],
  ['content-encoding', 415],
  ['expect', 417],
]);

/** What is wrong with a header; its name, in lower case, is the field. Code `invalid`. */
export function headerError(header: string, message: string, cause?: unknown): AppError {
  return new AppError('invalid', message, { field: header, details: { header }, cause });
}

/**
 * The HTTP status of an error: that of its code, but 403 when the person is known and a right is missing, and that
 * of the header when a header is what is wrong (`details.header`).
 */
export function statusOf(error: AppError): number {
  if (error.code === 'unauthorized' && error.permission !== undefined) return 403;
  const ofHeader = HEADER_STATUS.get(error.details?.['header']);
  return error.code === 'invalid' && ofHeader !== undefined ? ofHeader : STATUS[error.code];
}

/** The error as problem+json: code, field, correlation id; never a stack, nothing of an internal failure. */
export function problemOf(error: AppError, requestId: string): Problem {
  const hidden = error.code === 'internal';
  return {
    type: `urn:firebreak:problem:${error.code}`,
    title: TITLE[error.code],
    status: statusOf(error),
    detail: hidden
      ? 'The failure is logged under this request id.'
      : error.message.slice(0, DETAIL_CHARACTERS_MAX),
    code: error.code,
    field: hidden ? null : (error.field ?? null),
    permission: hidden ? null : (error.permission ?? null),
    requestId,
  };
}

/** Whole seconds for a `Retry-After` header, or null when the code asks for none. */
export function retryAfterOf(error: AppError): number | null {
  if (error.code !== 'unavailable' && error.code !== 'rate_limited') return null;
  if (error.retryAfterMs === undefined) return RETRY_AFTER_SECONDS;
  return Math.max(1, Math.ceil(error.retryAfterMs / 1000));
}

function pathError(cause: unknown): AppError {
  return new AppError('invalid', 'The path cannot be read.', { field: 'path', cause });
}

/** What Fastify raises by itself, in our words; the rest of its 4xx are `invalid`. */
const FASTIFY_CODES: ReadonlyMap<string, (cause: unknown) => AppError> = new Map([
  [
    'FST_ERR_CTP_BODY_TOO_LARGE',
    (cause) =>
      new AppError('too_large', 'The body is larger than this route takes.', {
        field: 'body',
        cause,
      }),
  ],
  [
    'FST_ERR_CTP_INVALID_MEDIA_TYPE',
    (cause) => headerError('content-type', 'This route does not take this content type.', cause),
  ],
  ['FST_ERR_BAD_URL', pathError],
  ['FST_ERR_MAX_PARAM_LENGTH', pathError],
]);

function stringOf(error: object, name: 'code' | 'message'): string {
  const value: unknown = Reflect.get(error, name);
  return typeof value === 'string' ? value : '';
}

/** Any caught value as an `AppError`: validation failures name their field, unknown ones become `internal`. */
export function requestError(error: unknown): AppError {
  if (isAppError(error)) return error;
  if (hasZodFastifySchemaValidationErrors(error)) return validationError(error);
  if (typeof error !== 'object' || error === null) return toAppError(error);
  const known = FASTIFY_CODES.get(stringOf(error, 'code'));
  if (known !== undefined) return known(error);
  const status: unknown = Reflect.get(error, 'statusCode');
  if (typeof status === 'number' && status >= 400 && status < 500) {
    return new AppError('invalid', `The request could not be read: ${stringOf(error, 'message')}`, {
      cause: error,
    });
  }
  if (status === 503) {
    return new AppError('unavailable', 'The server is stopping.', { cause: error });
  }
  return toAppError(error);
}

interface ValidationFailure {
  readonly validation: readonly { readonly instancePath: string; readonly message?: string }[];
  readonly validationContext?: string | undefined;
}

/** `/leave/0/owner` of the body as `body.leave.0.owner`, with the schema's own message. */
function validationError(error: ValidationFailure): AppError {
  const issue = error.validation[0];
  const path = (issue?.instancePath ?? '').split('/').filter((part) => part !== '');
  const field = [error.validationContext ?? 'request', ...path].join('.');
  return new AppError('invalid', `${field}: ${issue?.message ?? 'not understood'}`, {
    field,
    cause: error,
  });
}
