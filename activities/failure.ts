import { ApplicationFailure, CancelledFailure } from '@temporalio/common';
import { toAppError, type ErrorCode } from '../domain/error.ts';

/** Codes after which another attempt may do better. */
const RETRYABLE: ReadonlySet<ErrorCode> = new Set<ErrorCode>([
  'rate_limited',
  'unavailable',
  'outcome_unknown',
  'internal',
]);

/** True when another attempt may do better. */
export function isRetryable(error: unknown): boolean {
  if (error instanceof CancelledFailure) return true;
  return RETRYABLE.has(toAppError(error).code);
}

/**
 * The error as a Temporal failure: its code is the type, retry is a property of the code, a wait that the other
 * side asked for is honoured. The one place where retry is decided.
 */
export function toFailure(error: unknown): Error {
  if (error instanceof CancelledFailure || error instanceof ApplicationFailure) return error;
  const known = toAppError(error);
  return ApplicationFailure.create({
    message: known.message,
    type: known.code,
    nonRetryable: !RETRYABLE.has(known.code),
    ...(known.retryAfterMs === undefined ? {} : { nextRetryDelay: known.retryAfterMs }),
    ...(known.field === undefined ? {} : { details: [{ field: known.field }] }),
    cause: known,
  });
}
