import type { z } from 'zod';
import { AppError } from '../../domain/error.ts';

/** What a person said, by the schema of the API's own route. Raises `invalid`, naming the field. */
export function parsedWords<T>(schema: z.ZodType<T>, said: unknown): T {
  const parsed = schema.safeParse(said);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  const field = issue?.path.join('.') ?? '';
  throw new AppError(
    'invalid',
    `${field === '' ? 'this' : field}: ${issue?.message ?? 'cannot be used'}`,
    {
      field,
    },
  );
}
