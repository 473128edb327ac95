import type { Receipt } from '../domain/plan.ts';
import type {
  OperationKey,
  OperationResult,
  OperationRow,
  OperationState,
} from '../domain/operation.ts';
import type { Tables } from '../store/tables.ts';
import type { ActivityDependencies, Attempt } from './dependencies.ts';
import { actionOf, effectContext, overtaken } from './effect.ts';
import type { Looked } from './look-again.ts';

/** What applies one stored plan. */
export interface EffectRun {
  readonly row: OperationRow;
  readonly generation: number;
  /** The asking round: the row may be of an earlier one that was never settled. */
  readonly round: number;
  /** True when the row was stored with its first attempt begun: that one is this one, and has written nothing yet. */
  readonly begun?: boolean;
  /** What the first look behind the write told. */
  readonly seen?: Looked;
  /** The result of the whole operation once this row is verified; absent where other rows belong to it as well. */
  readonly result?: (row: OperationRow) => OperationResult;
}

/** States from which an attempt may write. */
const BEFORE_APPLIED: readonly OperationState[] = ['planned', 'approved', 'applying', 'unknown'];

/** Begins an attempt to write: its fence is above all before it. Null where nothing may be written any more. */
export function beginAttempt(
  { operations }: Pick<Tables, 'operations'>,
  key: OperationKey,
): Promise<OperationRow | null> {
  return operations.beginAttempt(key, BEFORE_APPLIED, 'applying');
}

/** How an attempt ended: the receipt, or what went wrong after how many writes. */
export type Tried =
  | { readonly receipt: Receipt; readonly fence: number }
  | { readonly error: unknown; readonly permitted: number; readonly fence: number };

/** One attempt to write. Raises what says that another attempt holds the fence. */
export async function tryOnce(
  deps: ActivityDependencies,
  attempt: Attempt,
  run: EffectRun,
): Promise<Tried> {
  const { operations } = deps.store;
  const begun = run.begun === true ? run.row : await beginAttempt(deps.store, run.row);
  if (!begun) throw overtaken(run.row);
  const { fence } = begun;
  const context = effectContext(deps, attempt, {
    key: run.row,
    generation: run.generation,
    fence,
    approvalId: run.row.approvalId,
    digest: run.row.planDigest,
    listedAs: run.row.operation,
    needsApproval: false,
    ensures: false,
  });
  try {
    const action = actionOf(deps, run.row);
    return { receipt: await action.apply(run.row.input, run.row.plan, context), fence };
  } catch (error) {
    if (!(await operations.holdsFence(run.row, fence))) throw overtaken(run.row);
    return { error, permitted: context.permitted(), fence };
  }
}

/** True when an attempt before this one may have written: then nothing short of looking is certain. */
export function wasTried({ row, begun }: EffectRun): boolean {
  return begun !== true && (row.state === 'applying' || row.state === 'unknown');
}
