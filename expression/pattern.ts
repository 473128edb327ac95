import { RE2JS } from 're2js';
import { AppError } from '../domain/error.ts';

/** Longest pattern, in characters. */
export const PATTERN_LENGTH_MAX = 1000;

/** Compiles a pattern whose matching time is linear in the text (RE2 syntax). Raises `invalid` with its reason. */
export function compilePattern(pattern: string): RE2JS {
  try {
    return RE2JS.compile(pattern);
  } catch (error) {
    throw new AppError('invalid', 'regex(): this pattern is not valid RE2 syntax.', {
      details: { reason: 'invalid_regular_expression' },
      cause: error,
    });
  }
}

/** True when a pattern is short enough and valid. */
export function isPattern(pattern: string): boolean {
  if (pattern.length > PATTERN_LENGTH_MAX) return false;
  try {
    compilePattern(pattern);
    return true;
  } catch {
    return false;
  }
}
