import type { HandRequest } from '../../domain/hand-plan.ts';
import type { JsonObject } from '../../domain/json.ts';
import { handRequest } from '../hand-request.ts';

/** One write below `/api/2.0/mlflow`. */
export function changeByHand(
  method: 'POST' | 'DELETE',
  path: readonly string[],
  body: JsonObject,
): readonly HandRequest[] {
  return [handRequest(method, ['api', '2.0', 'mlflow', ...path], { body })];
}
