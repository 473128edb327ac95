import { describe, expect, test } from '@jest/globals';
import { AppError, ERROR_CODES } from '../domain/error.ts';
import { toFailure } from './failure.ts';

// Goal: what is tried again, and when, follows from the code and from what the other side asks for. Method: the table of
// codes, and waits around the shortest that counts.
const RETRIED = ['internal', 'outcome_unknown', 'rate_limited', 'unavailable'];

describe('a failure', () => {
  test.each(ERROR_CODES.map((code) => [code]))('%s is tried again or not, by its code', (code) => {
    expect(toFailure(new AppError(code, 'no'))).toMatchObject({
      type: code,
      nonRetryable: !RETRIED.includes(code),
    });
  });

  test.each([
    [undefined, undefined],
    // Would make twenty attempts in a row: the growing wait of the policy counts instead.
    [0, undefined],
    [999, undefined],
    [1_000, 1_000],
    [300_000, 300_000],
  ])('whose other side asks for %j ms waits %j ms', (retryAfterMs, waitMs) => {
    const options = retryAfterMs === undefined ? {} : { retryAfterMs };
    const failure = toFailure(new AppError('rate_limited', 'slow down', options));
    expect('nextRetryDelay' in failure ? (failure.nextRetryDelay ?? undefined) : undefined).toBe(
      waitMs,
    );
  });
});
