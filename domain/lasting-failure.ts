import type { ErrorCode } from './error.ts';

/**
 * What becomes of a failure when the same call is made again: `passes` may do better by itself, `lasts` fails until somebody changes
 * something. An answer that did not parse is neither: asked again at once it says the same, some time later perhaps not.
 */
const AGAIN: Readonly<Record<ErrorCode, 'passes' | 'lasts' | 'neither'>> = {
  invalid: 'lasts',
  unauthorized: 'lasts',
  not_found: 'lasts',
  conflict: 'lasts',
  refused: 'lasts',
  too_large: 'lasts',
  rate_limited: 'passes',
  unavailable: 'passes',
  outcome_unknown: 'passes',
  bad_reply: 'neither',
  unsupported: 'lasts',
  internal: 'passes',
};

/** True for a failure after which another attempt may do better. */
export function mayPass(code: ErrorCode): boolean {
  return AGAIN[code] === 'passes';
}

/** True for a failure that comes again as long as nobody changes anything. */
export function lasts(code: ErrorCode): boolean {
  return AGAIN[code] === 'lasts';
}
