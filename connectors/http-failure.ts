import { AppError } from '../domain/error.ts';

/** What is known of a call when it fails. */
export interface FailedCall {
  /** The system's name, for the message. */
  readonly name: string;
  /** True when the call may have changed the other side. */
  readonly mutating: boolean;
  /** The right that the call needs, named when it is refused. */
  readonly permission?: string | undefined;
}

/** Characters of another system's words that a message keeps. */
const QUOTE_CHARACTERS_MAX = 300;
const RETRY_AFTER_MAX_MS = 5 * 60_000;
const CAUSE_DEPTH_MAX = 5;

/** Socket errors that happen before a byte of the request is sent. */
const UNSENT_CODES: ReadonlySet<string> = new Set([
  'ECONNREFUSED',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'EADDRNOTAVAIL',
  'UND_ERR_CONNECT_TIMEOUT',
  'DEPTH_ZERO_SELF_SIGNED_CERT',
  'SELF_SIGNED_CERT_IN_CHAIN',
  'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
  'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
  'CERT_HAS_EXPIRED',
  'ERR_TLS_CERT_ALTNAME_INVALID',
]);

/** One line of at most 300 characters, without control characters. */
export function quote(text: string): string {
  // eslint-disable-next-line no-control-regex -- control characters are what is taken out.
  const line = text.replace(/[\u0000-\u001f\u007f\s]+/g, ' ').trim();
  return line.length > QUOTE_CHARACTERS_MAX ? `${line.slice(0, QUOTE_CHARACTERS_MAX)}…` : line;
}

/** The form of every HTTP date; `Date.parse` alone takes `-5` for a month. */
const HTTP_DATE = /^[A-Za-z]{3,9},? .*\d{2}:\d{2}:\d{2}/;

/** How long `Retry-After` (seconds or an HTTP date) asks to wait, at most five minutes; undefined when unreadable. */
export function retryAfterOf(header: string | null, now: Date): number | undefined {
  const text = header?.trim() ?? '';
  const seconds = /^\d+(\.\d+)?$/.test(text);
  if (!seconds && !HTTP_DATE.test(text)) return undefined;
  const ms = seconds ? Number(text) * 1000 : Date.parse(text) - now.getTime();
  if (Number.isNaN(ms)) return undefined;
  return Math.round(Math.min(Math.max(ms, 0), RETRY_AFTER_MAX_MS));
}

/** The socket-level code in an error's causes, or undefined. Errors of other realms are read by shape. */
function socketCodeOf(error: unknown): string | undefined {
  let current: unknown = error;
  for (let depth = 0; depth < CAUSE_DEPTH_MAX; depth += 1) {
    if (typeof current !== 'object' || current === null) return undefined;
    if ('code' in current && typeof current.code === 'string') return current.code;
    current = 'cause' in current ? current.cause : undefined;
  }
  return undefined;
}

/** The error of a call that got no answer: `unavailable`, or `outcome_unknown` when it may have had an effect. */
export function failureOfSilence(error: unknown, call: FailedCall): AppError {
  const code = socketCodeOf(error);
  const why = code === undefined ? '' : ` (${code})`;
  if (code !== undefined && UNSENT_CODES.has(code)) {
    return new AppError('unavailable', `${call.name} cannot be reached${why}.`, { cause: error });
  }
  return call.mutating
    ? new AppError(
        'outcome_unknown',
        `${call.name} did not answer${why}; the change may or may not have happened.`,
        { cause: error },
      )
    : new AppError('unavailable', `${call.name} did not answer${why}.`, {
        cause: error,
      });
}

const CODES_BY_STATUS: ReadonlyMap<number, AppError['code']> = new Map([
  [400, 'invalid'],
  [401, 'unauthorized'],
  [403, 'unauthorized'],
  [404, 'not_found'],
  [405, 'unsupported'],
  [409, 'conflict'],
  [410, 'not_found'],
  [412, 'conflict'],
  [413, 'too_large'],
  [422, 'invalid'],
  [429, 'rate_limited'],
  [501, 'unsupported'],
  [505, 'unsupported'],
]);

function codeOfStatus(status: number, mutating: boolean): AppError['code'] {
  const known = CODES_BY_STATUS.get(status);
  if (known !== undefined) return known;
  if (status >= 500 || status === 408 || status === 425) {
    return mutating ? 'outcome_unknown' : 'unavailable';
  }
  return status >= 400 ? 'invalid' : 'bad_reply';
}

/**
 * The error of an answer that says no, by its status alone; the other side's words are quoted, cut.
 */
export function failureOfStatus(status: number, bodyText: string, call: FailedCall): AppError {
  const code = codeOfStatus(status, call.mutating);
  const words = quote(bodyText);
  const said = words === '' ? '' : `: ${words}`;
  const message = `${call.name} answered ${status.toString()}${said}`;
  return new AppError(code, message, { details: { status } });
}
