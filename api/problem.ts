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

/** The field under which an unacceptable media type is reported; its status is 415. */
export const MEDIA_TYPE_FIELD = 'content-type';
/** The field under which a refused compression is reported; its status is 415. */
export const ENCODING_FIELD = 'content-encoding';
/** The field of what is wrong with a body as a whole. */
const BODY_FIELD = 'body';

/**
 * The HTTP status of an error: that of its code, but 403 when the person is known and a right is missing, and 415
 * when the media type or its compression is what is wrong.
 */
export function statusOf(error: AppError): number {
  if (error.code === 'unauthorized' && error.permission !== undefined) return 403;
  const aboutMedia = error.field === MEDIA_TYPE_FIELD || error.field === ENCODING_FIELD;
  if (error.code === 'invalid' && aboutMedia) return 415;
  return STATUS[error.code];
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

/** What Fastify raises by itself, in our words; the rest of its 4xx are `invalid`. */
const FASTIFY_CODES: ReadonlyMap<string, (cause: unknown) => AppError> = new Map([
  [
    'FST_ERR_CTP_BODY_TOO_LARGE',
    (cause) =>
      new AppError('too_large', 'The body is larger than this route takes.', {
        field: BODY_FIELD,
        cause,
      }),
  ],
  [
    'FST_ERR_CTP_INVALID_MEDIA_TYPE',
    (cause) =>
      new AppError('invalid', 'This route does not take this content type.', {
        field: MEDIA_TYPE_FIELD,
        cause,
      }),
  ],
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
