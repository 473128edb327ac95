import { AppError, type ErrorCode } from '../../domain/error.ts';
import { quote } from '../http-failure.ts';
import { errorReply } from './reply-schema.ts';

/** Terminal meanings by `error_code`; the HTTP status alone would mislead. */
const CODES: ReadonlyMap<string, ErrorCode> = new Map([
  ['RESOURCE_DOES_NOT_EXIST', 'not_found'],
  ['NOT_FOUND', 'not_found'],
  ['ENDPOINT_NOT_FOUND', 'unsupported'],
  ['NOT_IMPLEMENTED', 'unsupported'],
  ['FEATURE_DISABLED', 'unsupported'],
  ['RESOURCE_ALREADY_EXISTS', 'conflict'],
  ['RESOURCE_CONFLICT', 'conflict'],
  ['ABORTED', 'conflict'],
  ['INVALID_STATE', 'conflict'],
  ['DATA_LOSS', 'bad_reply'],
  ['INVALID_PARAMETER_VALUE', 'invalid'],
  ['BAD_REQUEST', 'invalid'],
  ['MALFORMED_REQUEST', 'invalid'],
  ['MAX_LIST_SIZE_EXCEEDED', 'too_large'],
  ['PERMISSION_DENIED', 'unauthorized'],
  ['CUSTOMER_UNAUTHORIZED', 'unauthorized'],
  ['UNAUTHENTICATED', 'unauthorized'],
  ['REQUEST_LIMIT_EXCEEDED', 'rate_limited'],
  ['RESOURCE_EXHAUSTED', 'rate_limited'],
]);

/** Failures that may pass; after a change they leave its outcome unknown. */
const PASSING: ReadonlySet<string> = new Set([
  'INTERNAL_ERROR',
  'TEMPORARILY_UNAVAILABLE',
  'DEADLINE_EXCEEDED',
  'IO_ERROR',
]);

function codeOf(errorCode: string, mutating: boolean): ErrorCode | undefined {
  if (PASSING.has(errorCode)) return mutating ? 'outcome_unknown' : 'unavailable';
  return CODES.get(errorCode);
}

function parseError(text: string): { error_code: string; message: string } | undefined {
  try {
    const parsed = errorReply.safeParse(JSON.parse(text));
    return parsed.success ? parsed.data : undefined;
  } catch {
    return undefined;
  }
}

/**
 * MLflow's own meaning of an error, by `error_code`, kept in `details.errorCode`; undefined leaves it to the status.
 * A 404 without one is a missing route: `unsupported`.
 */
export function classifyMlflow(
  status: number,
  bodyText: string,
  mutating: boolean,
): AppError | undefined {
  const body = parseError(bodyText);
  if (body === undefined) {
    return status === 404
      ? new AppError(
          'unsupported',
          'MLflow has no such route: is this the address of an MLflow server?',
        )
      : undefined;
  }
  const code = codeOf(body.error_code, mutating);
  if (code === undefined) return undefined;
  return new AppError(code, `MLflow: ${quote(body.message)} (${body.error_code})`, {
    details: { errorCode: body.error_code },
  });
}
