import { AppError } from '../domain/error.ts';

/** An address that may hold a key, in the parts that the HTTP kit takes, and what of it no message may contain. */
export interface SecretUrl {
  /** The address without its path; the query stays. */
  readonly baseUrl: string;
  readonly path: readonly string[];
  readonly secrets: readonly string[];
}

/** Segments shorter than this are words, not keys. */
const KEY_CHARACTERS_MIN = 8;

/** Takes an address apart. Raises `invalid`, naming the field and not the address, for a path that is not encoded as UTF-8. */
export function secretUrl(
  text: string,
  named: { readonly name: string; readonly field: string },
): SecretUrl {
  const url = new URL(text);
  let path: readonly string[];
  try {
    path = url.pathname
      .split('/')
      .filter((part) => part !== '')
      .map(decodeURIComponent);
  } catch {
    // The original error is about the address, which may be the key: it is not kept.
    const message = `The path of ${named.name} is not encoded as UTF-8.`;
    throw new AppError('invalid', message, { field: named.field });
  }
  const keys = path.filter((part) => part.length >= KEY_CHARACTERS_MIN);
  url.pathname = '/';
  return { baseUrl: url.href, path, secrets: [text, ...keys, ...url.searchParams.values()] };
}
