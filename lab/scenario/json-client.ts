import { AppError, type ErrorCode } from '../../domain/error.ts';
import { type Json, parseJson } from '../../domain/json.ts';

const WITHIN_MS = 10_000;
const MESSAGE_MAX = 300;

/** Plain JSON over HTTP, for seeding a world through its systems' own APIs. */
export interface JsonClient {
  /**
   * The answer's JSON, or its text when that is none. Raises `not_found`, `conflict` or `unavailable`, with status and
   * body in the message, when the status is not 2xx.
   */
  send(
    method: string,
    path: string,
    options?: { readonly body?: Json; readonly type?: string },
  ): Promise<Json>;
  /** Sends bytes as they are. */
  put(path: string, bytes: Uint8Array): Promise<void>;
}

/** How requests leave; the built-in `fetch` unless a server wants certificates. */
export type Fetch = (url: string, init: RequestInit) => Promise<Response>;

const CODES: Readonly<Record<number, ErrorCode>> = { 404: 'not_found', 409: 'conflict' };

function jsonOrText(text: string): Json {
  if (text === '') return null;
  try {
    return parseJson(text);
  } catch {
    return text;
  }
}

/** A client of the server at `url`. */
export function createJsonClient(
  url: string,
  headers: Readonly<Record<string, string>> = {},
  via: Fetch = fetch,
): JsonClient {
  const call = async (method: string, path: string, init: RequestInit): Promise<string> => {
    const response = await via(`${url}${path}`, {
      method,
      signal: AbortSignal.timeout(WITHIN_MS),
      ...init,
    });
    const text = await response.text();
    if (response.ok) return text;
    const status = response.status.toString();
    throw new AppError(
      CODES[response.status] ?? 'unavailable',
      `${method} ${path}: ${status} ${text.slice(0, MESSAGE_MAX)}`,
    );
  };
  return {
    send: async (method, path, options = {}) =>
      jsonOrText(
        await call(method, path, {
          headers: { 'content-type': options.type ?? 'application/json', ...headers },
          ...(options.body === undefined ? {} : { body: JSON.stringify(options.body) }),
        }),
      ),
    put: async (path, bytes) => {
      await call('PUT', path, {
        headers: { 'content-type': 'application/octet-stream', ...headers },
        body: Buffer.from(bytes),
      });
    },
  };
}
