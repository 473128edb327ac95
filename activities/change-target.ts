import { AppError } from '../domain/error.ts';
import type { Json } from '../domain/json.ts';
import type { OperationRow } from '../domain/operation.ts';
import type { Tables } from '../store/tables.ts';
import type { ActInput } from './activity.ts';
import type { Begun } from './carry.ts';
import type { ActivityDependencies, Attempt } from './dependencies.ts';
import { runEffect, type EffectEnd } from './plan-apply-verify.ts';
import { beginAttempt, type EffectRun } from './try-effect.ts';
import {
  admitDraft,
  draftPlan,
  keyOf,
  plannedFact,
  storeDraft,
  type Draft,
  type EffectJob,
} from './plan-effect.ts';

/** The fence of the first attempt at a row that is new. */
const FIRST_FENCE = 1;

/** An effect operation about to be carried out, with what Postgres knows of its incident. */
export interface Acting extends Begun {
  readonly deps: ActivityDependencies;
  readonly attempt: Attempt;
  readonly input: Omit<ActInput, 'carried' | 'acknowledged'>;
}

/** How one target of an operation ended, or what stands before it. */
export type TargetEnd =
  | EffectEnd
  | { readonly blockedBy: string }
  | { readonly asks: string }
  | { readonly skipped: string; readonly value: Json };

/**
 * Carries one target from wherever its row stands: plan, apply, verify; only a plan in `observe`. Raises what Temporal
 * may retry, and `refused` for a target without an approved plan where one is needed.
 */
export async function changeTarget(
  acting: Acting,
  job: EffectJob,
  { current, result }: Pick<EffectRun, 'result'> & { readonly current: OperationRow | null },
): Promise<TargetEnd> {
  const { deps, attempt, input, incident } = acting;
  const settling = result === undefined ? {} : { result };
  const effect = { generation: input.generation, round: input.round, ...settling };
  if (current) {
    await acting.carried;
    return runEffect(deps, attempt, { ...effect, row: current });
  }
  if (input.stage === 'apply') {
    throw new AppError('refused', `No approved plan for ${job.target}.`, { field: 'stage' });
  }
  const [draft] = await Promise.all([
    draftPlan(deps, attempt, { job, earlier: [] }),
    acting.carried,
  ]);
  const stored = await deps.store.transaction(async (tables) => {
    if (incident.mode === 'observe') {
      await tables.facts.append(incident.id, [
        { ...plannedFact(draft), kind: 'operation.would-have' },
      ]);
      return null;
    }
    return keepAdmitted(acting, tables, draft);
  });
  if (!stored) {
    const { before, after } = draft.plan;
    const value = { target: job.target, externalId: null, before, after };
    return { skipped: 'observe mode: it would have been done', value };
  }
  if (!('row' in stored)) return stored;
  return runEffect(deps, attempt, { ...effect, ...stored });
}

/**
 * Stores a plan that may go on by itself, with its first attempt begun in the same flight; one beyond a cap is left for
 * people to be asked.
 */
async function keepAdmitted(
  { deps }: Acting,
  tables: Tables,
  draft: Draft,
): Promise<
  Pick<EffectRun, 'row' | 'begun'> | { readonly blockedBy: string } | { readonly asks: string }
> {
  const admitted = await admitDraft(deps, tables, draft);
  if ('blockedBy' in admitted) return admitted;
  const { weighed } = admitted;
  if (weighed.cap !== null) return { asks: weighed.cap };
  const facts = [plannedFact(weighed)];
  const [row, begun] = await Promise.all([
    storeDraft(tables, weighed, { approvalId: null, facts }),
    beginAttempt(tables, keyOf(draft.job)),
  ]);
  // Another fence says that the row was there before: whoever stored it may have written already.
  return begun?.fence === FIRST_FENCE ? { row: begun, begun: true } : { row: begun ?? row };
}
