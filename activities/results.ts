import type { NewFact } from '../domain/fact.ts';
import { isJsonObject, type Json } from '../domain/json.ts';
import { isPassedOver, type OperationResult } from '../domain/operation.ts';
import type { Tables } from '../store/tables.ts';
import type { OperationOutcome } from './activity.ts';
import type { ActivityDependencies } from './dependencies.ts';

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

/**
 * Settles an operation: its result and its facts in one transaction. The first result wins; a later attempt gets
 * the stored one and adds no fact.
 */
export async function settle(
  deps: ActivityDependencies,
  result: OperationResult,
  facts: readonly NewFact[],
): Promise<OperationResult> {
  if (facts.length === 0) return deps.store.results.put(result);
  return deps.store.transaction((tables) => settleIn(tables, result, facts));
}

/** The same within a transaction. */
export async function settleIn(
  tables: Pick<Tables, 'results' | 'facts'>,
  result: OperationResult,
  facts: readonly NewFact[],
): Promise<OperationResult> {
  const stored = await tables.results.put(result);
  const mine = stored.settledAt === result.settledAt && stored.outcome === result.outcome;
  if (mine && facts.length > 0) await tables.facts.append(result.incidentId, facts);
  return stored;
}
