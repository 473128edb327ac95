import pg from 'pg';
import { z } from 'zod';
import { invariant } from '../domain/error.ts';

const INT8 = 20;
const TIMESTAMPTZ = 1184;

/**
 * `2026-11-23 10:00:00.12+00` as the server writes it to RFC 3339 in UTC: three fractional digits, or six when
 * the microseconds need them.
 */
export function toRfc3339(text: string): string {
  const match = /^(\d{4}-\d\d-\d\d) (\d\d:\d\d:\d\d)(?:\.(\d{1,6}))?\+00$/.exec(text);
  invariant(match !== null, 'the database session writes time stamps in UTC');
  const micros = (match[3] ?? '').padEnd(6, '0');
  const fraction = micros.endsWith('000') ? micros.slice(0, 3) : micros;
  return `${match[1] ?? ''}T${match[2] ?? ''}.${fraction}Z`;
}

function toSafeInteger(text: string): number {
  const value = Number(text);
  invariant(Number.isSafeInteger(value), 'a bigint column holds a safe integer');
  return value;
}

/** How the driver reads columns: bigint as a safe integer, time stamps as RFC 3339, the rest as it does. */
export function columnTypes(): pg.CustomTypesConfig {
  const types = new pg.TypeOverrides();
  types.setTypeParser(INT8, toSafeInteger);
  types.setTypeParser(TIMESTAMPTZ, toRfc3339);
  return types;
}

/** A time stamp column, already RFC 3339. */
export const timestamp = z.string();

/** A bytea column as lower-case hex. */
export const hex = z
  .instanceof(Uint8Array)
  .transform((bytes) => Buffer.from(bytes).toString('hex'));

/**
 * A JSON document that this store wrote itself: typed, not checked again, since only typed code can have put
 * it there. Never used for text from outside.
 */
export function document<T>(): z.ZodType<T> {
  return z.custom<T>((value) => value !== undefined);
}

/** A row of which only the id is asked. */
export const idRow = z.object({ id: z.string() });

/** A row of which only the incident's id is asked. */
export const incidentIdRow = z.object({ incidentId: z.string() });

/** A row that is asked for its effect, or for being there. */
export const anyRow = z.object({});

/** The JSON text of a value for a json column; null stays SQL null. */
export function jsonText(value: unknown): string | null {
  return value === null || value === undefined ? null : JSON.stringify(value);
}

/**
 * Text from outside as a text column and a canonical body can hold it: lone surrogates and NUL become U+FFFD,
 * cut to `charactersMax`.
 */
export function cleanText(text: string, charactersMax: number): string {
  const cut = text.slice(0, charactersMax);
  return Buffer.from(cut, 'utf8').toString('utf8').replaceAll('\0', '\ufffd');
}
