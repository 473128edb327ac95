import { z } from 'zod';
import type { Json } from '../../domain/json.ts';

const WITHIN_MS = 10_000;
const MESSAGE_MAX = 300;

/** Plain JSON over HTTP, for seeding a world through its systems' own APIs. */
export interface JsonClient {
  /** The answer's JSON. Raises with status and body when the status is not 2xx. */
  send(
    method: string,
    path: string,
    options?: { readonly body?: Json; readonly type?: string },
  ): Promise<Json>;
  /** Sends bytes as they are. */
  put(path: string, bytes: Uint8Array): Promise<void>;
}

/** A client of the server at `url`. */
export function createJsonClient(
  url: string,
  headers: Readonly<Record<string, string>> = {},
): JsonClient {
  const call = async (method: string, path: string, init: RequestInit): Promise<string> => {
    const response = await fetch(`${url}${path}`, {
      method,
      signal: AbortSignal.timeout(WITHIN_MS),
      ...init,
    });
    const text = await response.text();
    if (response.ok) return text;
    throw new Error(
      `${method} ${path}: ${response.status.toString()} ${text.slice(0, MESSAGE_MAX)}`,
    );
  };
  return {
    send: async (method, path, options = {}) => {
      const text = await call(method, path, {
        headers: { 'content-type': options.type ?? 'application/json', ...headers },
        ...(options.body === undefined ? {} : { body: JSON.stringify(options.body) }),
      });
      return text === '' ? null : z.json().parse(JSON.parse(text));
    },
    put: async (path, bytes) => {
      await call('PUT', path, {
        headers: { 'content-type': 'application/octet-stream', ...headers },
        body: Buffer.from(bytes),
      });
    },
  };
}
