import { isAppError, toAppError } from '../domain/error.ts';
import { newFact, type NewFact } from '../domain/fact.ts';
import type { Outcome } from '../domain/incident.ts';
import type { Json } from '../domain/json.ts';
import {
  keyText,
  type OperationResult,
  type OperationRow,
  type OperationState,
} from '../domain/operation.ts';
import type { Receipt, Verdict } from '../domain/plan.ts';
import type { ActivityDependencies, Attempt } from './dependencies.ts';
import { tryOnce, wasTried, type EffectRun } from './try-effect.ts';
import { overtaken, readFailure } from './effect.ts';
import { isRetryable } from './failure.ts';
import { lookOnce, lookUntil, type Looked } from './look-again.ts';

/** Looks and writes again after lost answers, within one attempt; then a person looks. */
const SETTLE_MAX = 3;
/** A containment's lease; the watch renews it while the incident is open. */
export const LEASE_MS = 60 * 60 * 1000;

/** How one effect on one target ended. */
export interface EffectEnd {
  readonly target: string;
  readonly outcome: Outcome;
  readonly reason: string | null;
  readonly conflict: boolean;
  readonly row: OperationRow;
  /** What was stored of its whole operation along with it. */
  readonly result?: OperationResult;
}

function factOf(
  run: EffectRun,
  name: string,
  fact: Pick<NewFact, 'kind' | 'summary' | 'data'>,
): NewFact {
  const { row } = run;
  return newFact({
    key: `effect/${keyText(row)}/${name}/${run.round.toString()}`,
    step: row.step,
    operation: row.operation,
    target: row.target,
    ...fact,
  });
}

/** A step of a row with what is told of it. */
interface Stage {
  readonly from: readonly OperationState[];
  readonly to: OperationState;
  readonly change?: {
    readonly receipt?: Receipt;
    readonly verdict?: Verdict;
    readonly reason?: string | null;
    readonly leaseUntil?: string;
  };
  readonly fact: NewFact;
  readonly whileFence?: number;
  /** What settles the whole operation along with it. */
  readonly result?: OperationResult;
}

/**
 * Moves the row and appends the stage's fact, all or nothing; answers the result when it is stored. A lost race reads what won; an attempt that holds the
 * fence no more raises instead: what it would say is not to be said.
 */
async function commit(
  deps: ActivityDependencies,
  row: OperationRow,
  stage: Stage,
): Promise<{ readonly row: OperationRow; readonly result?: OperationResult }> {
  const { from, to, fact, whileFence, result } = stage;
  const { operations } = deps.store;
  const change = { ...stage.change, ...(whileFence === undefined ? {} : { whileFence }) };
  const supersedes = to === 'applied';
  const settling = result === undefined ? {} : { result };
  const wanted = { from, to, change, facts: [fact], supersedes, ...settling };
  const moved = await operations.advance(row, wanted);
  if (moved) return moved.isSettled ? { row: moved.row, ...settling } : { row: moved.row };
  if (whileFence !== undefined) throw overtaken(row);
  return { row: (await operations.find(row)) ?? row };
}

function endOf(row: OperationRow, outcome: Outcome, conflict = false): EffectEnd {
  const reason = outcome === 'succeeded' ? null : (row.reason ?? outcome);
  return { target: row.target, outcome, reason, conflict, row };
}

/**
 * Carries a stored plan from wherever its row stands to verified: a committed stage is passed over, so that a retry
 * of the activity, or of a person, does nothing twice. Raises what Temporal may retry.
 */
export async function runEffect(
  deps: ActivityDependencies,
  attempt: Attempt,
  run: EffectRun,
): Promise<EffectEnd> {
  const { state } = run.row;
  if (state === 'refused' || state === 'void' || state === 'reverted') {
    return endOf(run.row, 'failed');
  }
  if (state === 'reverting') return endOf(run.row, 'inconclusive');
  if (state === 'verified' || state === 'unverified' || state === 'applied') {
    return verify(deps, attempt, run);
  }
  const applied = await apply(deps, attempt, run);
  if (applied.end) return applied.end;
  return verify(deps, attempt, { ...run, ...applied });
}

interface Applied {
  readonly row: OperationRow;
  /** Set when it goes no further. */
  readonly end: EffectEnd | null;
  readonly seen?: Looked;
}

async function apply(
  deps: ActivityDependencies,
  attempt: Attempt,
  run: EffectRun,
): Promise<Applied> {
  let mayHaveWritten = wasTried(run);
  for (let tries = 0; ; tries += 1) {
    const tried = await tryOnce(deps, attempt, tries === 0 ? run : { ...run, begun: false });
    if ('receipt' in tried) {
      // The world is looked at while the receipt is being written: the look changes nothing, and counts behind the receipt.
      const [row, seen] = await Promise.all([
        recordApplied(deps, run, tried),
        lookOnce(deps, attempt, run.row),
      ]);
      return { row, end: null, seen };
    }
    const reading = readFailure(tried.error, tried.permitted);
    if (reading === 'try-again') throw tried.error;
    mayHaveWritten ||= reading === 'look';
    if (!mayHaveWritten) return refuse(deps, run, tried);
    const certain = reading === 'nothing-happened';
    if (await mayTryAgain(deps, attempt, { run, tries, certain, ...tried })) continue;
    const row = (await deps.store.operations.find(run.row)) ?? run.row;
    return { row, end: endOf(row, 'inconclusive') };
  }
}

/**
 * After a lost answer: true when the world tells how it stands, so that another try adopts or writes. Raises what
 * went wrong when the far side seems to be in trouble: then the next attempt comes later.
 */
async function mayTryAgain(
  deps: ActivityDependencies,
  attempt: Attempt,
  lost: Lost & { readonly tries: number; readonly certain: boolean },
): Promise<boolean> {
  const { verdict, failure } = await lookAfterLoss(deps, attempt, lost);
  const trouble = verdict.holds === 'no' ? lost.error : failure;
  if (trouble !== null && isRetryable(trouble)) throw toAppError(trouble);
  if (lost.tries >= SETTLE_MAX || isConflict(lost.error)) return false;
  // What refused this try for certain, or our own guard between two writes, would refuse the next one as well.
  const mayWrite = !lost.certain && !isRefusal(lost.error);
  return verdict.holds === 'yes' || (verdict.holds === 'no' && mayWrite);
}

/** True for a no of our own guard: the far side was not asked. */
function isRefusal(error: unknown): boolean {
  return isAppError(error) && error.code === 'refused';
}

function isConflict(error: unknown): boolean {
  return isAppError(error) && error.code === 'conflict';
}

async function recordApplied(
  deps: ActivityDependencies,
  run: EffectRun,
  { receipt, fence }: { readonly receipt: Receipt; readonly fence: number },
): Promise<OperationRow> {
  const { plan } = run.row;
  const leaseUntil = new Date(deps.now().getTime() + LEASE_MS).toISOString();
  const { row } = await commit(deps, run.row, {
    whileFence: fence,
    from: ['applying', 'unknown'],
    to: 'applied',
    change: { receipt, reason: null, ...(run.row.containment ? { leaseUntil } : {}) },
    fact: factOf(run, 'applied', {
      kind: 'operation.applied',
      summary: plan.summary,
      data: {
        use: run.row.use,
        before: plan.before,
        after: plan.after,
        receipt: { externalId: receipt.externalId, origin: receipt.origin },
      },
    }),
  });
  return row;
}

/** Nothing happened, for certain: the row ends, and a moved world asks for a new plan. */
async function refuse(
  deps: ActivityDependencies,
  run: EffectRun,
  { error, fence }: { readonly error: unknown; readonly fence: number },
): Promise<Applied> {
  const known = toAppError(error);
  const conflict = isConflict(error);
  const differences = known.details?.['differences'];
  const { row } = await commit(deps, run.row, {
    whileFence: fence,
    from: ['applying'],
    to: 'refused',
    change: { reason: known.message },
    fact: factOf(run, conflict ? 'conflict' : 'refused', {
      kind: conflict ? 'operation.conflict' : 'operation.refused',
      summary: known.message,
      data: { code: known.code, differences: toJson(differences) },
    }),
  });
  return { row, end: endOf(row, 'failed', conflict) };
}

/** A JSON copy of details that connectors attach; null for anything that is no JSON. */
function toJson(value: unknown): Json {
  if (value === null || typeof value === 'boolean' || typeof value === 'string') return value;
  if (typeof value === 'number') return Number.isFinite(value) ? value : null;
  if (Array.isArray(value)) return value.map((item: unknown) => toJson(item));
  if (typeof value !== 'object') return null;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, toJson(item)]));
}

/** An attempt whose answer is not known. */
interface Lost {
  readonly run: EffectRun;
  readonly fence: number;
  readonly error: unknown;
}

/** The answer was lost: records that, then looks. */
async function lookAfterLoss(
  deps: ActivityDependencies,
  attempt: Attempt,
  lost: Lost,
): Promise<Looked> {
  const { run, fence } = lost;
  const known = toAppError(lost.error);
  await commit(deps, run.row, {
    whileFence: fence,
    from: ['applying'],
    to: 'unknown',
    change: { reason: known.message },
    fact: factOf(run, `unknown-${fence.toString()}`, {
      kind: 'operation.unknown',
      summary: isRefusal(lost.error)
        ? 'It was stopped between two writes: some of it happened. Looking.'
        : 'The answer was lost: it may or may not have happened. Looking.',
      data: { code: known.code },
    }),
  });
  return lookOnce(deps, attempt, run.row);
}

async function verify(
  deps: ActivityDependencies,
  attempt: Attempt,
  run: EffectRun,
): Promise<EffectEnd> {
  if (run.row.state === 'verified') return endOf(run.row, 'succeeded');
  const verdict = await lookUntil(deps, attempt, run);
  const { row, result } = await commit(deps, run.row, stageOf(run, verdict));
  if (row.state !== 'verified') {
    return endOf(row, verdict.holds === 'no' ? 'failed' : 'inconclusive');
  }
  const end = endOf(row, 'succeeded');
  return result === undefined ? end : { ...end, result };
}

/** What the last look makes of an effect; one that holds may settle its operation. */
function stageOf(run: EffectRun, verdict: Verdict): Stage {
  const { summary } = run.row.plan;
  const from = ['applied', 'unverified'] as const;
  if (verdict.holds === 'yes') {
    const result = run.result?.(run.row);
    return {
      from,
      to: 'verified',
      change: { verdict, reason: null },
      ...(result === undefined ? {} : { result }),
      fact: factOf(run, 'verified', {
        kind: 'operation.verified',
        summary: `Verified: ${summary}`,
        data: { holds: verdict.holds, reason: null },
      }),
    };
  }
  const { holds, reason } = verdict;
  return {
    from,
    to: 'unverified',
    change: { verdict, reason },
    fact: factOf(run, 'unverified', {
      kind: 'operation.unverified',
      summary: `Not verified: ${reason}`,
      data: { holds, reason },
    }),
  };
}
