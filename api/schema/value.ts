import { z } from 'zod';
import type { Json } from '../../domain/json.ts';

/** So many characters may an id have. */
export const ID_CHARACTERS_MAX = 64;
/** So many characters may a reason have. */
export const REASON_CHARACTERS_MAX = 2_000;
/** So many items does a page hold at most. */
export const PAGE_ITEMS_MAX = 200;
const PAGE_ITEMS = 50;

/** An id of ours or of a client: nothing that means something in a path, a header or a query. */
export const idSchema = z
  .string()
  .regex(/^[A-Za-z0-9][A-Za-z0-9_-]*$/)
  .max(ID_CHARACTERS_MAX);

/** A name of a person, playbook or operation: like an id, and also dots and slashes. */
export const nameSchema = z
  .string()
  .regex(/^[A-Za-z0-9][A-Za-z0-9._@/-]*$/)
  .max(200);

/** Why somebody decided so; never only spaces. */
export const reasonSchema = z.string().trim().min(1).max(REASON_CHARACTERS_MAX);

/** An instant, RFC 3339 UTC. */
export const instantSchema = z.iso.datetime({ offset: true });

/** SHA-256, lower-case hex. */
export const sha256Schema = z.string().regex(/^[0-9a-f]{64}$/);

/** Any JSON value: it has been through a JSON parser already. */
export const jsonSchema: z.ZodType<Json> = z.any();

/** Any JSON object. */
export const jsonObjectSchema = z.record(z.string(), jsonSchema).readonly();

/** A map of strings. */
export const stringMapSchema = z.record(z.string(), z.string()).readonly();

/** The query of every keyset listing. */
export const pageQuery = {
  cursor: z.string().max(512).optional(),
  limit: z.coerce.number().int().min(1).max(PAGE_ITEMS_MAX).default(PAGE_ITEMS),
};

/** A page of items: `next` is the cursor of the next page, or null. */
export function pageOf<T extends z.ZodType>(item: T) {
  return z.object({ items: z.array(item).readonly(), next: z.string().nullable() });
}

/** The path parameter of one thing. */
export const idParams = z.strictObject({ id: idSchema });

/** Where version 1 of the API begins. */
export const API_PREFIX = '/api/v1';

const WORDS_CHARACTERS_MAX = 4_000;
/** A person's free words that name a model, a suspect or what was seen. */
export const wordsSchema = z.string().trim().min(1).max(WORDS_CHARACTERS_MAX);
