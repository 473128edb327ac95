import { setTimeout as sleep } from 'node:timers/promises';
import { digestOf } from '../evidence/digest.ts';
import { toAppError, type ErrorCode } from '../domain/error.ts';
import { newFact, type NewFact } from '../domain/fact.ts';
import type { Json } from '../domain/json.ts';
import {
  claimTargetsOf,
  keyText,
  type OperationRow,
  type OperationState,
} from '../domain/operation.ts';
import { jsonEquals } from '../domain/plan.ts';
import type { ActivityDependencies, Attempt } from './dependencies.ts';
import { actionOf, effectContext, overtaken, readFailure } from './effect.ts';
import { look } from './look-again.ts';

/** Tries after lost answers; then a person looks. */
const REVERT_TRIES_MAX = 3;
/** Rest before the next try, twice as long each time; one that the other side asks for counts up to a limit. */
const REVERT_REST_MS = 500;
const REVERT_REST_MAX_MS = 10_000;

/** One undo: the row, and what allows it. */
export interface RevertRun {
  readonly row: OperationRow;
  readonly generation: number;
  readonly approvalId: string | null;
  /** `stand-down`, or the undo operation's name: what the approval lists. */
  readonly listedAs: string;
}

/** How one undo ended. */
export interface RevertEnd {
  readonly target: string;
  readonly reverted: boolean;
  readonly reason: string | null;
}

/** What an approval binds an undo to: the row and the plan that it would put back. */
export function undoDigestOf(row: OperationRow): string {
  return digestOf({ undo: keyText(row), planDigest: row.planDigest });
}

const BEGUN: readonly OperationState[] = ['applied', 'verified', 'unverified', 'reverting'];

/**
 * Puts back what a row's plan recorded. Revokes earlier attempts first; settles an unknown outcome by looking before
 * it acts; answers instead of raising, so that one failure never stops the undo of the rest. Raises `unavailable` only
 * when another attempt overtook this one.
 */
export async function revertRow(
  deps: ActivityDependencies,
  attempt: Attempt,
  run: RevertRun,
): Promise<RevertEnd> {
  const { operations } = deps.store;
  const fail = (reason: string): Promise<RevertEnd> =>
    recordFailure(deps, run, { reason, code: null });
  if (run.row.state === 'reverted') return { target: run.row.target, reverted: true, reason: null };
  const action = actionOf(deps, run.row);
  if (!action.revert) {
    const { reversible } = action.manifest;
    return fail(
      reversible === true ? 'it has no way back' : `declared irreversible: ${reversible.because}`,
    );
  }
  await operations.revokeFences(run.row);
  if (run.row.state === 'applying' || run.row.state === 'unknown') {
    const verdict = await look(deps, attempt, run.row);
    if (verdict.holds === 'unknown')
      return fail(`it is not known whether it happened: ${verdict.reason}`);
    await operations.move(run.row, ['applying', 'unknown'], 'applied');
  }
  const stays = await keptBy(deps, run.row);
  if (stays !== null) return leave(deps, run, stays);
  const started = await operations.move(run.row, BEGUN, 'reverting');
  if (!started) throw overtaken(run.row);
  return attemptRevert(deps, attempt, run);
}

/** The other incident that keeps this target contained in the same way; the last one to leave puts it back. */
async function keptBy(deps: ActivityDependencies, row: OperationRow): Promise<string | null> {
  if (!row.containment || row.state === 'reverting') return null;
  const others = await deps.store.operations.containedByOthers(row);
  const alike = others.find((other) => jsonEquals(other.plan.after, row.plan.after));
  return alike?.incidentId ?? null;
}

/** Gives up a share in a containment that another incident still needs: nothing outside changes. */
async function leave(deps: ActivityDependencies, run: RevertRun, to: string): Promise<RevertEnd> {
  const { row } = run;
  await deps.store.transaction(async (tables) => {
    const reason = `incident ${to} keeps it contained`;
    if (!(await tables.operations.move(row, BEGUN, 'reverted', { reason }))) return;
    await tables.claims.wakeWaiting(claimTargetsOf(row));
    await tables.facts.append(row.incidentId, [
      revertFact(run, 'left', {
        kind: 'operation.reverted',
        summary: `Left as it is: ${reason}.`,
        data: { use: row.use, leftTo: to, by: run.listedAs },
      }),
    ]);
  });
  return { target: row.target, reverted: true, reason: null };
}

async function attemptRevert(
  deps: ActivityDependencies,
  attempt: Attempt,
  run: RevertRun,
): Promise<RevertEnd> {
  const action = actionOf(deps, run.row);
  for (let tries = 0; ; tries += 1) {
    const begun = await deps.store.operations.beginAttempt(run.row, ['reverting'], 'reverting');
    if (!begun) throw overtaken(run.row);
    const { fence } = begun;
    const context = effectContext(deps, attempt, {
      key: run.row,
      generation: run.generation,
      fence,
      approvalId: run.approvalId,
      digest: undoDigestOf(run.row),
      listedAs: run.listedAs,
      needsApproval: run.row.containment,
      ensures: false,
    });
    try {
      if (!action.revert) break;
      await action.revert(run.row.input, run.row.plan, context);
    } catch (error) {
      if (!(await deps.store.operations.holdsFence(run.row, fence))) throw overtaken(run.row);
      const known = toAppError(error);
      const reading = readFailure(error, context.permitted());
      if (reading === 'nothing-happened' || tries >= REVERT_TRIES_MAX) {
        return recordFailure(deps, run, { reason: known.message, code: known.code, fence });
      }
      const restMs = Math.max(REVERT_REST_MS * 2 ** tries, known.retryAfterMs ?? 0);
      attempt.heartbeat(keyText(run.row));
      await sleep(Math.min(restMs, REVERT_REST_MAX_MS), undefined, { signal: attempt.signal });
      continue;
    }
    return recordReverted(deps, run, fence);
  }
  return recordFailure(deps, run, { reason: 'it has no way back', code: null });
}

function revertFact(
  run: RevertRun,
  name: string,
  fact: Pick<NewFact, 'kind' | 'summary' | 'data'>,
): NewFact {
  return newFact({
    key: `effect/${keyText(run.row)}/${name}/${run.approvalId ?? run.listedAs}`,
    step: run.row.step,
    operation: run.row.operation,
    target: run.row.target,
    ...fact,
  });
}

async function recordReverted(
  deps: ActivityDependencies,
  run: RevertRun,
  fence: number,
): Promise<RevertEnd> {
  const { row } = run;
  await deps.store.transaction(async (tables) => {
    const change = { reason: null, whileFence: fence };
    const moved = await tables.operations.move(row, ['reverting'], 'reverted', change);
    if (!moved) throw overtaken(row);
    await tables.claims.wakeWaiting(claimTargetsOf(row));
    await tables.facts.append(row.incidentId, [
      revertFact(run, 'reverted', {
        kind: 'operation.reverted',
        summary: `Put back: ${row.plan.undo}`,
        data: { use: row.use, from: row.plan.after, to: row.plan.before, by: run.listedAs },
      }),
    ]);
  });
  return { target: row.target, reverted: true, reason: null };
}

/** Leaves the effect in force and says why it could not be taken back. */
async function recordFailure(
  deps: ActivityDependencies,
  run: RevertRun,
  failure: { readonly reason: string; readonly code: ErrorCode | null; readonly fence?: number },
): Promise<RevertEnd> {
  const { row } = run;
  const { reason, code, fence } = failure;
  const data: Json = { use: row.use, reason, code };
  await deps.store.transaction(async (tables) => {
    const change = { reason, ...(fence === undefined ? {} : { whileFence: fence }) };
    const moved = await tables.operations.move(row, ['reverting'], 'unverified', change);
    if (!moved && fence !== undefined) throw overtaken(row);
    const kind = 'operation.revert-failed';
    const summary = `Not put back: ${reason}`;
    const known = await tables.operations.find(row);
    const fact = revertFact(run, `revert-failed-${(known?.fence ?? 0).toString()}`, {
      kind,
      summary,
      data,
    });
    await tables.facts.append(row.incidentId, [fact]);
  });
  return { target: row.target, reverted: false, reason };
}
