import { AppError, isAppError } from '../domain/error.ts';
import type { Json } from '../domain/json.ts';
import {
  jsonEquals,
  threeWayDifference,
  type Plan,
  type Receipt,
  type StoredPlan,
  type Verdict,
} from '../domain/plan.ts';
import type { CallContext } from './connector.ts';

/** A change that writes absolute values, on a system that knows no precondition: read, compare, write, look again. */
export interface LevelSet<Input, State extends Json> {
  /** What the receipt names, from the input alone. */
  externalId(input: Input): string;
  /** The fields that we own, as they are now. */
  observe(input: Input, context: CallContext): Promise<State>;
  /** Writes them. Raises what the call raises. */
  write(input: Input, state: State, context: CallContext): Promise<void>;
}

/** The stages of a level-set change. */
export interface LevelSetStages<Input, State extends Json> {
  apply(input: Input, plan: Plan<State>, context: CallContext): Promise<Receipt>;
  verify(input: Input, plan: Plan<State>, context: CallContext): Promise<Verdict>;
  revert(input: Input, plan: Plan<State>, context: CallContext): Promise<Receipt>;
}

const DIFFERENCES_SHOWN_MAX = 5;

/** Where the world stands against a plan. Raises `conflict` with the differences when it is neither. */
export function standingOf(plan: StoredPlan, observed: Json): 'before' | 'after' {
  if (jsonEquals(plan.after, observed)) return 'after';
  if (jsonEquals(plan.before, observed)) return 'before';
  throw new AppError(
    'conflict',
    `The world moved since the plan: ${differencesOf(plan, observed)}.`,
    {
      details: { differences: threeWayDifference(plan, observed) },
    },
  );
}

/** The first differences as one phrase for people. */
function differencesOf(plan: StoredPlan, observed: Json): string {
  return threeWayDifference(plan, observed)
    .slice(0, DIFFERENCES_SHOWN_MAX)
    .map((difference) => {
      const path = difference.path === '' ? 'value' : difference.path;
      return `${path} is ${JSON.stringify(difference.observed ?? null)}`;
    })
    .join(', ');
}

/**
 * The receipt of a change that carries no mark: ours when the plan had something to change. It follows from the plan
 * alone, so it is equal on a retry.
 */
export function markless(plan: StoredPlan, externalId: string): Receipt {
  return { externalId, origin: jsonEquals(plan.before, plan.after) ? 'foreign' : 'ours' };
}

/** Whether the world is as the plan's `after`; gone is no. Raises what `observe` raises otherwise. */
export async function verdictOf(plan: StoredPlan, observe: () => Promise<Json>): Promise<Verdict> {
  try {
    const observed = await observe();
    if (jsonEquals(plan.after, observed)) return { holds: 'yes' };
    const wanted = { before: plan.after, after: plan.after };
    return { holds: 'no', reason: differencesOf({ ...plan, ...wanted }, observed) };
  } catch (error) {
    if (isAppError(error) && error.code === 'not_found') {
      return { holds: 'no', reason: error.message };
    }
    throw error;
  }
}

/**
 * Builds the stages. They raise `conflict` when the world moved since the plan. An apply is looked at again by `verify`; a
 * revert has nobody behind it and reads back itself: `conflict` as well when it was changed again at once.
 */
export function levelSet<Input, State extends Json>(
  level: LevelSet<Input, State>,
): LevelSetStages<Input, State> {
  const apply = async (input: Input, plan: Plan<State>, context: CallContext): Promise<Receipt> => {
    const standing = standingOf(plan, await level.observe(input, context));
    if (standing === 'before') await level.write(input, plan.after, context);
    return markless(plan, level.externalId(input));
  };
  const verify = (input: Input, plan: Plan<State>, context: CallContext): Promise<Verdict> =>
    verdictOf(plan, () => level.observe(input, context));
  return {
    apply,
    verify,
    revert: async (input, plan, context) => {
      const back = { ...plan, before: plan.after, after: plan.before };
      const receipt = await apply(input, back, context);
      const seen = await verify(input, back, context);
      if (seen.holds === 'yes') return receipt;
      throw new AppError('conflict', `Changed again at once: ${seen.reason}.`);
    },
  };
}
