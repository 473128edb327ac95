/** The closed set of error codes; retry and HTTP status are properties of the code. */
export const ERROR_CODES = [
  'invalid',
  'unauthorized',
  'not_found',
  'conflict',
  'refused',
  'too_large',
  'rate_limited',
  'unavailable',
  'outcome_unknown',
  'bad_reply',
  'unsupported',
  'internal',
] as const;

/** One of `ERROR_CODES`. */
export type ErrorCode = (typeof ERROR_CODES)[number];

/** What an error may carry beside its code and its sentence for people. */
export interface ErrorOptions {
  /** The offending input, as a path: `alerts[2].labels.model`. */
  readonly field?: string;
  /** The missing right, by name: `apps/deployments/scale: patch`. */
  readonly permission?: string;
  /** How long the other side asked us to wait, in milliseconds. */
  readonly retryAfterMs?: number;
  /** Machine-readable facts about the failure; never a secret. */
  readonly details?: Readonly<Record<string, unknown>>;
  /** What was caught; kept for the log, never shown. */
  readonly cause?: unknown;
}

/**
 * The one error class of Firebreak: a machine code, a sentence for people, the cause kept.
 * The message never contains a credential or text that has not been cut to size.
 */
export class AppError extends Error {
  override readonly name = 'AppError';
  readonly code: ErrorCode;
  readonly field: string | undefined;
  readonly permission: string | undefined;
  readonly retryAfterMs: number | undefined;
  readonly details: Readonly<Record<string, unknown>> | undefined;

  constructor(code: ErrorCode, message: string, options: ErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
    this.field = options.field;
    this.permission = options.permission;
    this.retryAfterMs = options.retryAfterMs;
    this.details = options.details;
  }
}

/** True when `error` is an `AppError`, also one of another realm (jest, workflow sandbox). */
export function isAppError(error: unknown): error is AppError {
  return error instanceof Error && error.name === 'AppError' && 'code' in error;
}

/** The error as an `AppError`: itself, or `internal` with the original kept as its cause. */
export function toAppError(error: unknown): AppError {
  if (isAppError(error)) return error;
  return new AppError('internal', 'Something went wrong inside Firebreak.', { cause: error });
}

/**
 * Asserts what must hold. Raises `internal` with `message` when it does not.
 */
export function invariant(condition: unknown, message: string): asserts condition {
  if (!condition) throw new AppError('internal', `Invariant broken: ${message}`);
}
