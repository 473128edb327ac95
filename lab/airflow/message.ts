import { z } from 'zod';
import type { TwinRequest } from '../twin.ts';
import { AirflowFailure, unprocessable } from './failure.ts';

function problems(error: z.ZodError, root: string): AirflowFailure {
  return new AirflowFailure(
    422,
    error.issues.map((issue) => ({
      type: issue.message.includes('received undefined') ? 'missing' : issue.code,
      loc: [root, ...issue.path.map((part) => (typeof part === 'number' ? part : String(part)))],
      msg: issue.message.includes('received undefined') ? 'Field required' : issue.message,
      input: null,
    })),
  );
}

/** The JSON body by its schema; strict objects refuse unknown fields, as the API does. Raises 422. */
export function readBody<T>(request: TwinRequest, schema: z.ZodType<T>): T {
  let body: unknown;
  try {
    body = JSON.parse(request.body.toString('utf8'));
  } catch {
    throw unprocessable(['body', 0], 'JSON decode error', 'json_invalid');
  }
  const parsed = schema.safeParse(body);
  if (parsed.success) return parsed.data;
  throw problems(parsed.error, 'body');
}

/** The query by its schema; a repeated key gives a list. Raises 422. */
export function readQuery<T>(request: TwinRequest, schema: z.ZodType<T>): T {
  const { searchParams } = request.url;
  const query = Object.fromEntries(
    [...new Set(searchParams.keys())].map((key) => [key, searchParams.getAll(key)]),
  );
  const parsed = schema.safeParse(query);
  if (parsed.success) return parsed.data;
  throw problems(parsed.error, 'query');
}

/** One value of a query key. */
export const one = z
  .array(z.string())
  .min(1)
  .transform((values) => values.at(-1) ?? '');
const count = one.transform(Number).pipe(z.int().min(0));
/** A moment of a query key, in milliseconds. */
export const momentQuery = one
  .refine((text) => !Number.isNaN(Date.parse(text)), 'Input should be a valid datetime')
  .transform((text) => Date.parse(text));

const LIMIT_DEFAULT = 50;
const LIMIT_MAX = 100;

/** `limit` (50 by default, 100 at most as the server is configured) and `offset`. */
export const pageQuery = z.object({
  limit: count
    .transform((limit) => Math.min(limit === 0 ? LIMIT_MAX : limit, LIMIT_MAX))
    .default(LIMIT_DEFAULT),
  offset: count.default(0),
});

/** One page of a list. */
export function pageOf<T>(
  items: readonly T[],
  page: { readonly limit: number; readonly offset: number },
): readonly T[] {
  return items.slice(page.offset, page.offset + page.limit);
}
