import { z } from 'zod';
import { AppError } from '../domain/error.ts';
import { digestOf } from '../evidence/digest.ts';

const CURSOR_CHARACTERS_MAX = 512;
const CHECK_CHARACTERS = 16;

const payloadSchema = z.strictObject({ list: z.string(), after: z.string() });
const sealedSchema = payloadSchema.extend({ check: z.string() });

function checkOf(payload: z.output<typeof payloadSchema>): string {
  return digestOf(payload).slice(0, CHECK_CHARACTERS);
}

/**
 * An opaque cursor that names its list and carries a checksum: one taken from another list, or edited, is refused.
 * It grants nothing (each page is authorised afresh), so a checksum is enough; null stays null.
 */
export function sealCursor(list: string, after: string | null): string | null {
  if (after === null) return null;
  const payload = { list, after };
  const text = JSON.stringify({ ...payload, check: checkOf(payload) });
  return Buffer.from(text, 'utf8').toString('base64url');
}

/** The store's own cursor inside an opaque one, or null for the first page. Raises `invalid` naming `cursor`. */
export function openCursor(list: string, cursor: string | undefined): string | null {
  if (cursor === undefined) return null;
  const refused = new AppError('invalid', 'This cursor is not one that this list handed out.', {
    field: 'cursor',
  });
  if (cursor.length > CURSOR_CHARACTERS_MAX || !/^[A-Za-z0-9_-]+$/.test(cursor)) throw refused;
  let value: unknown;
  try {
    value = JSON.parse(Buffer.from(cursor, 'base64url').toString('utf8'));
  } catch (cause) {
    throw new AppError('invalid', refused.message, { field: 'cursor', cause });
  }
  const parsed = sealedSchema.safeParse(value);
  if (!parsed.success) throw refused;
  const { check, ...payload } = parsed.data;
  if (payload.list !== list || checkOf(payload) !== check) throw refused;
  return payload.after;
}
