import { types } from 'node:util';
import pg from 'pg';
import { AppError, isAppError } from '../domain/error.ts';
import type { ErrorCode } from '../domain/error.ts';

/** Our own conditions, raised by the SQL of `migrations/`. */
const OWN_CONDITIONS: Readonly<Record<string, readonly [ErrorCode, string]>> = {
  FB001: ['internal', 'A fact is already recorded under this key with another body.'],
  FB002: ['refused', 'Rows of this table are never changed.'],
  FB003: ['not_found', 'There is no such row to append to.'],
  FB004: ['too_large', 'Too many facts in one append.'],
  FB005: ['refused', 'Too few people have approved.'],
  FB007: ['refused', 'This break-glass key opens nothing.'],
  FB006: ['refused', 'A drill and what is real share no operation.'],
};

const UNAVAILABLE =
  'The database did not answer in time; nothing was committed that it did not confirm.';

/** SQLSTATEs and classes (first two characters) with what they mean to a caller. */
const CONDITIONS: Readonly<Record<string, readonly [ErrorCode, string]>> = {
  '23505': ['conflict', 'Another row with the same identity exists.'],
  '23P01': ['conflict', 'Another row with the same identity exists.'],
  '23503': ['not_found', 'A row that this one refers to does not exist.'],
  '23502': ['invalid', 'A required value is missing.'],
  '23514': ['invalid', 'A value is outside what its column allows.'],
  '22': ['invalid', 'A value does not fit its column.'],
  '42501': ['unauthorized', 'The database role lacks the right to do this.'],
  '28': ['unauthorized', 'The database refused the credentials.'],
  '40': ['unavailable', UNAVAILABLE],
  '53': ['unavailable', UNAVAILABLE],
  '55': ['unavailable', UNAVAILABLE],
  '57': ['unavailable', UNAVAILABLE],
  '58': ['unavailable', UNAVAILABLE],
  '08': ['unavailable', UNAVAILABLE],
  '25P03': ['unavailable', UNAVAILABLE],
  '25P04': ['unavailable', UNAVAILABLE],
  '3D': ['unavailable', 'The database does not exist.'],
};

/** Serialisation failure, deadlock. */
const TRY_AGAIN: readonly string[] = ['40001', '40P01'];

/** The SQLSTATE behind an error of the store, or null. */
export function sqlStateOf(error: unknown): string | null {
  if (!isAppError(error)) return null;
  const state = error.details?.['sqlState'];
  return typeof state === 'string' ? state : null;
}

/** True when the same transaction may succeed if it is simply run again; unique violations on request. */
export function isLostRace(error: unknown): boolean {
  const state = sqlStateOf(error);
  return state !== null && (state === '23505' || TRY_AGAIN.includes(state));
}

/**
 * What the driver raised as an `AppError`: `unavailable` for connection, time-out and serialisation failures,
 * `unauthorized`, `conflict`, `not_found`, `invalid`, `refused` or `too_large` for what the database refused,
 * else `internal`. The original stays its cause; no value of a row is in the message.
 */
export function toStoreError(error: unknown): AppError {
  if (isAppError(error)) return error;
  if (error instanceof pg.DatabaseError) return fromDatabase(error);
  // Sockets and driver raise plain errors for broken connections, maybe of another realm, so `instanceof` cannot
  // tell; our own mistakes are subclasses.
  if (types.isNativeError(error) && ['Error', 'AggregateError'].includes(error.name)) {
    return new AppError('unavailable', 'The database cannot be reached.', { cause: error });
  }
  return new AppError('internal', 'Reading or writing the database went wrong.', { cause: error });
}

function fromDatabase(error: pg.DatabaseError): AppError {
  const state = error.code ?? 'XX000';
  const found = OWN_CONDITIONS[state] ?? CONDITIONS[state] ?? CONDITIONS[state.slice(0, 2)];
  const [code, message] = found ?? ['internal', 'The database reported an internal error.'];
  return new AppError(code, message, {
    cause: error,
    details: {
      sqlState: state,
      ...(error.constraint === undefined ? {} : { constraint: error.constraint }),
      ...(error.table === undefined ? {} : { table: error.table }),
    },
  });
}
