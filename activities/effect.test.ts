import { describe, expect, test } from '@jest/globals';
import { AppError, type ErrorCode } from '../domain/error.ts';
import { readFailure, type FailureReading } from './effect.ts';

// Goal: a failed attempt is called undone only when that is certain. Method: every code that matters, after as many
// writes as were let through.

describe('a failed attempt', () => {
  test.each<[ErrorCode, number, FailureReading]>([
    ['refused', 0, 'nothing-happened'],
    ['conflict', 0, 'nothing-happened'],
    ['bad_reply', 0, 'nothing-happened'],
    ['unavailable', 0, 'try-again'],
    ['conflict', 1, 'nothing-happened'],
    ['unauthorized', 1, 'nothing-happened'],
    ['unavailable', 1, 'try-again'],
    ['outcome_unknown', 1, 'look'],
    ['bad_reply', 1, 'look'],
    // The guard let one write through and refused the next: the first one happened.
    ['refused', 1, 'look'],
    ['conflict', 2, 'look'],
    ['unavailable', 2, 'look'],
  ])('with %s after %i writes reads as %s', (code, permitted, reading) => {
    expect(readFailure(new AppError(code, 'No.'), permitted)).toBe(reading);
  });
});
