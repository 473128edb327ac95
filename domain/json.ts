/** Any value that survives JSON unchanged. */
export type Json =
  null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json };

/** A JSON object. */
export type JsonObject = Readonly<Record<string, Json>>;

/**
 * True for a plain JSON object: not null, not an array.
 */
export function isJsonObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Reads JSON text: what it answers is JSON all through. Raises `SyntaxError` for any other text. */
export const parseJson: (text: string) => Json = JSON.parse;
