import { hash } from 'node:crypto';
import canonicalize from 'canonicalize';
import { AppError } from '../domain/error.ts';

/** SHA-256 of bytes or UTF-8 text, lower-case hex. */
export function sha256Hex(data: Uint8Array | string): string {
  return hash('sha256', data, 'hex');
}

/**
 * RFC 8785 canonical JSON of a value. Raises `invalid` for what JSON cannot hold (NaN, lone surrogates, undefined).
 */
export function canonicalJson(value: unknown): string {
  let text: string | undefined;
  try {
    text = canonicalize(value);
  } catch (error) {
    throw new AppError('invalid', 'This value has no canonical JSON form.', { cause: error });
  }
  if (text === undefined) throw new AppError('invalid', 'This value has no canonical JSON form.');
  return text;
}

/** SHA-256 (hex) of a value's canonical JSON. */
export function digestOf(value: unknown): string {
  return sha256Hex(canonicalJson(value));
}
