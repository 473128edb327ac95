import type { FastifyRequest } from 'fastify';
import { AppError } from '../domain/error.ts';
import { idSchema } from './schema/value.ts';

/**
 * The id that makes a repetition of this request harmless: from the body, the `Idempotency-Key` header, or a fresh
 * one. Raises `invalid` when the header is not an id or differs from the body's.
 */
export function requestIdOf(
  request: FastifyRequest,
  fromBody: string | null,
  newId: () => string,
): string {
  const header = request.headers['idempotency-key'];
  if (header === undefined) return fromBody ?? newId();
  const parsed = idSchema.safeParse(header);
  if (!parsed.success) {
    throw new AppError('invalid', 'Idempotency-Key is not an id.', { field: 'idempotency-key' });
  }
  if (fromBody !== null && fromBody !== parsed.data) {
    throw new AppError('invalid', 'Idempotency-Key and body name different ids.', {
      field: 'idempotency-key',
    });
  }
  return parsed.data;
}
