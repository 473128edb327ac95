import { setTimeout as sleep } from 'node:timers/promises';
import { toAppError, type AppError } from '../domain/error.ts';
import { keyText, type OperationRow } from '../domain/operation.ts';
import type { Verdict } from '../domain/plan.ts';
import type { ActivityDependencies, Attempt } from './dependencies.ts';
import { actionOf, lookingContext } from './effect.ts';
import { isRetryable } from './failure.ts';

/** How long an effect may take to show, in milliseconds, before it counts as not verified. */
const VERIFY_WITHIN_MS = 20_000;
const VERIFY_FIRST_MS = 40;
const VERIFY_REST_MAX_MS = 1_000;

/** What one look told: a verdict, and why there is none when the look itself failed. */
export interface Looked {
  readonly verdict: Verdict;
  readonly failure: AppError | null;
}

/** Looks once at whether a plan's `after` holds; a failed look is unknown. */
export async function look(
  deps: ActivityDependencies,
  attempt: Attempt,
  row: OperationRow,
): Promise<Verdict> {
  return (await lookOnce(deps, attempt, row)).verdict;
}

/** Looks once; says as well whether another look may do better. */
export async function lookOnce(
  deps: ActivityDependencies,
  attempt: Attempt,
  row: OperationRow,
): Promise<Looked> {
  const key = { incidentId: row.incidentId, text: keyText(row) };
  try {
    const context = lookingContext(deps, attempt, key);
    const verdict = await actionOf(deps, row).verify(row.input, row.plan, context);
    return { verdict, failure: null };
  } catch (error) {
    const failure = toAppError(error);
    return { verdict: { holds: 'unknown', reason: failure.message }, failure };
  }
}

/** Looks until it holds, patience ends, or another look would meet the same refusal; `seen` is the first look, where it was. */
export async function lookUntil(
  deps: ActivityDependencies,
  attempt: Attempt,
  { row, seen }: { readonly row: OperationRow; readonly seen?: Looked },
): Promise<Verdict> {
  const deadline = Date.now() + VERIFY_WITHIN_MS;
  let looked = seen ?? (await lookOnce(deps, attempt, row));
  for (let restMs = VERIFY_FIRST_MS; ; restMs = Math.min(restMs * 1.6, VERIFY_REST_MAX_MS)) {
    const { verdict, failure } = looked;
    if (verdict.holds === 'yes' || (failure !== null && !isRetryable(failure))) return verdict;
    const waitMs = Math.max(restMs, failure?.retryAfterMs ?? 0);
    if (Date.now() + waitMs > deadline) return verdict;
    attempt.heartbeat(keyText(row));
    await sleep(waitMs, undefined, { signal: attempt.signal });
    looked = await lookOnce(deps, attempt, row);
  }
}
