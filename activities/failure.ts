import { ApplicationFailure, CancelledFailure } from '@temporalio/common';
import { toAppError } from '../domain/error.ts';
import { mayPass } from '../domain/lasting-failure.ts';

/** A shorter wait than this is none: then the policy's own, growing one counts, and nothing asks in a tight loop. */
const WAIT_MIN_MS = 1_000;

/** True when another attempt may do better. */
export function isRetryable(error: unknown): boolean {
  if (error instanceof CancelledFailure) return true;
  return mayPass(toAppError(error).code);
}

/**
 * The error as a Temporal failure: its code is the type, retry is a property of the code, a wait that the other
 * side asked for is honoured. The one place where retry is decided.
 */
export function toFailure(error: unknown): Error {
  if (error instanceof CancelledFailure || error instanceof ApplicationFailure) return error;
  const known = toAppError(error);
  const waitMs = known.retryAfterMs ?? 0;
  return ApplicationFailure.create({
    message: known.message,
    type: known.code,
    nonRetryable: !mayPass(known.code),
    ...(waitMs < WAIT_MIN_MS ? {} : { nextRetryDelay: waitMs }),
    ...(known.field === undefined ? {} : { details: [{ field: known.field }] }),
    cause: known,
  });
}
