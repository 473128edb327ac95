import { isJsonObject, type Json } from '../domain/json.ts';
import { isPassedOver, type OperationResult } from '../domain/operation.ts';
import type { OperationOutcome } from './activity.ts';

/** The outcome part of a stored result. */
export function outcomeOf(result: OperationResult): OperationOutcome {
  const { operation, round, outcome, reason, value } = result;
  const passedOver = isPassedOver(value) ? { passedOver: true } : {};
  return { operation, round, outcome, reason, ...passedOver, ...holdOf(value) };
}

/** Key in a result's value: how long what was changed must hold, in milliseconds. */
export const HOLD_MS = 'holdMs';

function holdOf(value: Json): Pick<OperationOutcome, 'holdMs'> {
  const holdMs = isJsonObject(value) ? value[HOLD_MS] : null;
  return typeof holdMs === 'number' ? { holdMs } : {};
}

/** The stored result of this operation in this round, or undefined. */
export function resultIn(
  results: readonly OperationResult[],
  operation: string,
  round: number,
): OperationResult | undefined {
  return results.find((result) => result.operation === operation && result.round === round);
}
