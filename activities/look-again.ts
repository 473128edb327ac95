import { setTimeout as sleep } from 'node:timers/promises';
import { toAppError } from '../domain/error.ts';
import { keyText, type OperationRow } from '../domain/operation.ts';
import type { Verdict } from '../domain/plan.ts';
import type { ActivityDependencies, Attempt } from './dependencies.ts';
import { actionOf, lookingContext } from './effect.ts';

/** How long an effect may take to show, in milliseconds, before it counts as not verified. */
const VERIFY_WITHIN_MS = 20_000;
const VERIFY_FIRST_MS = 40;
const VERIFY_REST_MAX_MS = 1_000;

/** Looks once at whether a plan's `after` holds; a failed look is unknown. */
export async function look(
  deps: ActivityDependencies,
  attempt: Attempt,
  row: OperationRow,
): Promise<Verdict> {
  const key = { incidentId: row.incidentId, text: keyText(row) };
  try {
    const context = lookingContext(deps, attempt, key);
    return await actionOf(deps, row).verify(row.input, row.plan, context);
  } catch (error) {
    return { holds: 'unknown', reason: toAppError(error).message };
  }
}

/** Looks until it holds or patience ends. */
export async function lookUntil(
  deps: ActivityDependencies,
  attempt: Attempt,
  row: OperationRow,
): Promise<Verdict> {
  const deadline = Date.now() + VERIFY_WITHIN_MS;
  for (let restMs = VERIFY_FIRST_MS; ; restMs = Math.min(restMs * 1.6, VERIFY_REST_MAX_MS)) {
    const verdict = await look(deps, attempt, row);
    if (verdict.holds === 'yes' || Date.now() + restMs > deadline) return verdict;
    attempt.heartbeat(keyText(row));
    await sleep(restMs, undefined, { signal: attempt.signal });
  }
}
