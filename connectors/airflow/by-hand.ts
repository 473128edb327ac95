import type { HandRequest } from '../../domain/hand-plan.ts';
import type { JsonObject } from '../../domain/json.ts';
import { handRequest } from '../hand-request.ts';

/** One write below `/api/v2/dags`. */
export function dagByHand(
  method: 'POST' | 'PATCH',
  path: readonly string[],
  sent: { readonly body: JsonObject; readonly query?: string },
): readonly HandRequest[] {
  return [handRequest(method, ['api', 'v2', 'dags', ...path], sent)];
}
