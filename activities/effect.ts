import type { AnyAction, CallContext } from '../connectors/connector.ts';
import { AppError, isAppError, type ErrorCode } from '../domain/error.ts';
import { keyText, type OperationKey, type OperationRow } from '../domain/operation.ts';
import type { ActivityDependencies, Attempt } from './dependencies.ts';
import { verbOf } from './evaluation.ts';
import { guard, type EffectClaim } from './guard.ts';

/**
 * The action that a row is about. Raises `invalid` when it is not configured any more, and `refused` when its instance is
 * out of the reach of its incident.
 */
export function actionOf(
  deps: ActivityDependencies,
  row: Pick<OperationRow, 'use' | 'instance' | 'drill'>,
): AnyAction {
  const { connector } = deps.connectors.of(row).named(row.instance);
  const action = connector.actions[verbOf(row.use)];
  if (!action)
    throw new AppError('invalid', `No action ${row.use} is configured.`, { field: 'use' });
  return action;
}

/** A call context for looking only: any write through it is refused. */
export function lookingContext(
  deps: ActivityDependencies,
  attempt: Attempt,
  key: { readonly incidentId: string; readonly text: string },
): CallContext {
  return {
    idempotencyKey: key.text,
    incidentId: key.incidentId,
    signal: attempt.signal,
    heartbeat: () => {
      attempt.heartbeat(key.text);
    },
    permit: () =>
      Promise.reject(new AppError('refused', 'Refused: planning and probing change nothing.')),
    now: deps.now,
  };
}

/** A call context whose every write passes the guard; counts the writes that were let through. */
export interface EffectContext extends CallContext {
  readonly permitted: () => number;
}

/** The context of one attempt to change something. */
export function effectContext(
  deps: ActivityDependencies,
  attempt: Attempt,
  claim: EffectClaim,
): EffectContext {
  let permitted = 0;
  const text = keyText(claim.key);
  return {
    idempotencyKey: text,
    incidentId: claim.key.incidentId,
    signal: attempt.signal,
    heartbeat: () => {
      attempt.heartbeat(text);
    },
    permit: async () => {
      attempt.heartbeat(text);
      await guard(deps, claim);
      permitted += 1;
    },
    now: deps.now,
    permitted: () => permitted,
  };
}

/**
 * The error of an attempt that another one overtook: what it saw is history and is not recorded. Retryable, because
 * the next attempt begins with the row as it is.
 */
export function overtaken(key: OperationKey): AppError {
  return new AppError('unavailable', `Another attempt works on ${keyText(key)}.`);
}

/** Codes that say for certain that nothing of this call took effect. */
const BEFORE_EFFECT: ReadonlySet<ErrorCode> = new Set<ErrorCode>([
  'invalid',
  'unauthorized',
  'not_found',
  'conflict',
  'rate_limited',
  'unsupported',
]);
/** Codes that end an attempt that has not written yet: another try would meet the same. */
const BEFORE_WRITING: ReadonlySet<ErrorCode> = new Set<ErrorCode>([
  ...BEFORE_EFFECT,
  'refused',
  'bad_reply',
  'too_large',
]);
/** Codes by which the far side says that it did not take the write, and may later. */
const NOT_TAKEN: ReadonlySet<ErrorCode> = new Set<ErrorCode>(['rate_limited', 'unavailable']);

/** How a failed attempt must be read. */
export type FailureReading = 'nothing-happened' | 'try-again' | 'look';

/**
 * Reads a failed attempt: `nothing-happened` is certain, `try-again` may be repeated at once, `look` means that
 * only the world can tell. `permitted` counts the writes that were let through.
 */
export function readFailure(error: unknown, permitted: number): FailureReading {
  if (permitted === 0) {
    return isAppError(error) && BEFORE_WRITING.has(error.code) ? 'nothing-happened' : 'try-again';
  }
  // A plain no to the only write is certain; after a second one only the world can tell. A no of our own guard was
  // not to a write that it let through: that one happened.
  if (permitted > 1 || !isAppError(error) || error.code === 'refused') return 'look';
  if (NOT_TAKEN.has(error.code)) return 'try-again';
  return BEFORE_EFFECT.has(error.code) ? 'nothing-happened' : 'look';
}
