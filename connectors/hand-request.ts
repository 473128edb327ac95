import type { JsonObject } from '../domain/json.ts';
import type { HandRequest } from '../domain/hand-plan.ts';

/** One request that people can send in our place. Every part of the path is one segment, whatever it holds. */
export function handRequest(
  method: HandRequest['method'],
  path: readonly string[],
  sent: {
    readonly body: JsonObject | null;
    readonly type?: string;
    readonly query?: string;
  },
): HandRequest {
  const { body, type = 'application/json', query } = sent;
  const segments = path.map((segment) => encodeURIComponent(segment)).join('/');
  return {
    method,
    path: `/${segments}${query === undefined ? '' : `?${query}`}`,
    type: body === null ? null : type,
    body,
  };
}
