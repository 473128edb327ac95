import { isJsonObject, type Json, type JsonObject, parseJson } from '../../domain/json.ts';
import { listAt } from './object.ts';

/** Content types of patches. */
export const PATCH_TYPES = {
  merge: 'application/merge-patch+json',
  json: 'application/json-patch+json',
  strategic: 'application/strategic-merge-patch+json',
} as const;

/** One answer of the API server, whatever its status. */
export interface PlainReply {
  readonly status: number;
  readonly body: JsonObject;
  readonly headers: Headers;
}

/** Plain HTTP to an API server, twin or real, for seeding worlds and for looking at them independently. */
export interface PlainClient {
  send(
    method: string,
    path: string,
    options?: { readonly body?: Json; readonly type?: string },
  ): Promise<PlainReply>;
  patch(path: string, body: Json, type?: string): Promise<PlainReply>;
  /** The items of a list. */
  items(path: string): Promise<readonly Json[]>;
}

/** A client of the server at `url`, with a bearer token when one is given. */
export function createPlainClient(url: string, token?: string): PlainClient {
  const send: PlainClient['send'] = async (method, path, options = {}) => {
    const response = await fetch(`${url}${path}`, {
      method,
      headers: {
        'content-type': options.type ?? 'application/json',
        ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
      },
      ...(options.body === undefined ? {} : { body: JSON.stringify(options.body) }),
    });
    const body = parseJson(await response.text());
    return {
      status: response.status,
      body: isJsonObject(body) ? body : {},
      headers: response.headers,
    };
  };
  return {
    send,
    patch: (path, body, type = PATCH_TYPES.merge) => send('PATCH', path, { body, type }),
    items: async (path) => listAt((await send('GET', path)).body, 'items'),
  };
}
