import type { z } from 'zod';
import { AppError } from '../domain/error.ts';
import type { Json } from '../domain/json.ts';

const WITHIN_MS = 20_000;

/** One person's way into the API, with nothing but a token. */
export interface DemoPerson {
  get<T>(path: string, schema: z.ZodType<T>): Promise<T>;
  text(path: string): Promise<string>;
  send<T>(
    method: 'POST' | 'PUT',
    path: string,
    call: { readonly body: Json; readonly schema: z.ZodType<T> },
  ): Promise<T>;
}

/** A person of the demo at the API's own door. Raises `unavailable` with what the API said. */
export function createDemoPerson(url: string, token: string): DemoPerson {
  const call = async (method: string, path: string, body?: Json): Promise<string> => {
    const response = await fetch(`${url}/api/v1${path}`, {
      method,
      signal: AbortSignal.timeout(WITHIN_MS),
      headers: {
        authorization: `Bearer ${token}`,
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const text = await response.text();
    if (response.ok) return text;
    throw new AppError('unavailable', `${method} ${path}: ${response.status.toString()} ${text}`);
  };
  return {
    get: async (path, schema) => schema.parse(JSON.parse(await call('GET', path))),
    text: (path) => call('GET', path),
    send: async (method, path, { body, schema }) =>
      schema.parse(JSON.parse(await call(method, path, body))),
  };
}
