import { digestOf } from '../evidence/digest.ts';
import type { ApprovalClass } from '../domain/approval.ts';
import { newFact, type NewFact } from '../domain/fact.ts';
import type { Incident } from '../domain/incident.ts';
import type { Json } from '../domain/json.ts';
import {
  claimTargetsOf,
  isSettledAsNotApplied,
  keyText,
  type OperationKey,
  type OperationRow,
} from '../domain/operation.ts';
import { jsonEquals, type StoredPlan } from '../domain/plan.ts';
import type { ActionOperation, StepName } from '../domain/playbook.ts';
import type { ServingCapacity, Taking } from '../domain/cap.ts';
import type { Tables } from '../store/tables.ts';
import type { ActivityDependencies, Attempt } from './dependencies.ts';
import { lookingContext } from './effect.ts';
import { callOf, itemsOf, verbOf } from './evaluation.ts';
import type { EvaluationContext } from '../domain/evaluation.ts';
import { AppError } from '../domain/error.ts';
import { refuseHeld } from './held.ts';
import { servingCapacity, weigh } from './weigh-effect.ts';

/** One effect to be: an action with its evaluated input. */
export interface EffectJob {
  readonly incident: Incident;
  readonly step: StepName;
  readonly operation: string;
  readonly round: number;
  readonly use: string;
  readonly instance: string;
  readonly holdMs: number;
  readonly input: Json;
  readonly approvalClass: ApprovalClass;
  readonly containment: boolean;
  readonly target: string;
  readonly claim: 'shared' | 'exclusive';
}

/** The effects of an action operation, one per item. Raises `invalid` for an input that does not parse. */
export function jobsOf(
  deps: ActivityDependencies,
  asked: {
    readonly incident: Incident;
    readonly step: StepName;
    readonly operation: ActionOperation;
    readonly round: number;
  },
  context: EvaluationContext,
): readonly EffectJob[] {
  const { incident, step, operation, round } = asked;
  return itemsOf(operation.forEach, context).map((item) => {
    const call = callOf(operation, item.context);
    const found = deps.connectors.of(incident).find(call.use, call.instance);
    const action = found.connector.actions[verbOf(call.use)];
    if (!action) throw new AppError('invalid', `There is no action ${call.use}.`, { field: 'use' });
    return {
      incident,
      step,
      operation: operation.name,
      round,
      use: call.use,
      instance: found.name,
      holdMs: found.holdMs,
      input: call.input,
      approvalClass: operation.approvalClass,
      containment: operation.containment,
      target: `${found.name}/${action.manifest.target(call.input)}`,
      claim: action.manifest.claim,
    };
  });
}

/** The newest row of an operation on a target that may have been applied, or is waiting to be; else null. */
export function currentRow(
  rows: readonly OperationRow[],
  job: Pick<EffectJob, 'operation' | 'target' | 'round'>,
): OperationRow | null {
  const mine = rows
    .filter((row) => row.operation === job.operation && row.target === job.target)
    .sort((a, b) => b.round - a.round);
  const [newest] = mine;
  if (!newest) return null;
  return newest.round === job.round || !isSettledAsNotApplied(newest.state) ? newest : null;
}

/** A plan that is computed but not stored. */
export interface Draft {
  readonly job: EffectJob;
  readonly plan: StoredPlan;
  readonly planDigest: string;
  readonly claimTargets: readonly string[];
  /** The incident whose containment of the same target this one joins; null when it is the first. */
  readonly joins: string | null;
  /** True while another incident keeps the target contained in another way: this one waits for its end. */
  readonly contradicts: boolean;
  /** What the model's serving objects can do now; empty for an action that takes no capacity away. */
  readonly serving: readonly ServingCapacity[];
  /** The cap that raised its class, as a reason for people; null when none did, or before it is weighed. */
  readonly cap: string | null;
  /** What it isolates and must reserve; null when nothing, or before it is weighed. */
  readonly isolates: Taking | null;
}

/** What people and rows bind to: the plan with what it acts on. */
export function planDigestOf(key: OperationKey, use: string, plan: StoredPlan): string {
  return digestOf({ key: keyText(key), use, plan });
}

/**
 * Asks the action what it would change. `earlier` are plans of the same list: a later plan on the same thing
 * begins where the earlier one ends, so that people approve the whole chain at once.
 */
export async function draftPlan(
  deps: ActivityDependencies,
  attempt: Attempt,
  request: { readonly job: EffectJob; readonly earlier: readonly Draft[] },
): Promise<Draft> {
  const { job } = request;
  const action = deps.connectors.of(job.incident).named(job.instance).connector.actions[
    verbOf(job.use)
  ];
  if (!action) throw new AppError('invalid', `There is no action ${job.use}.`, { field: 'use' });
  const key = keyOf(job);
  const context = lookingContext(deps, attempt, { incidentId: key.incidentId, text: keyText(key) });
  const [seen, serving] = await Promise.all([
    action.plan(job.input, context),
    action.manifest.takesCapacity === true ? servingCapacity(deps, attempt, job) : [],
  ]);
  const previous = request.earlier.findLast(
    (draft) => draft.job.target === job.target && draft.job.use === job.use,
  );
  const others = previous ? [] : await sharersOf(deps, job);
  const shared = joinable(others, seen);
  const plan = previous
    ? { ...seen, before: previous.plan.after, token: null }
    : shared
      ? {
          ...seen,
          before: shared.plan.before,
          undo: shared.plan.undo,
          token: null,
          // Capacity that two incidents keep away is one isolation, and goes on with the last of them.
          ...(shared.plan.takes === undefined ? {} : { takes: shared.plan.takes }),
        }
      : seen;
  return {
    job,
    plan,
    planDigest: planDigestOf(key, job.use, plan),
    claimTargets: claimTargetsOf({ ...job, plan }),
    joins: shared?.incidentId ?? null,
    contradicts: others.some((other) => contradicts(other.plan, seen)),
    serving,
    cap: null,
    isolates: null,
  };
}

/** What other incidents keep contained on the target of a shared containment. */
async function sharersOf(
  deps: ActivityDependencies,
  job: EffectJob,
): Promise<readonly OperationRow[]> {
  if (!job.containment || job.claim !== 'shared') return [];
  const { target, use } = job;
  return deps.store.operations.containedByOthers({ incidentId: job.incident.id, target, use });
}

/**
 * The containment of another incident that already keeps the target as this plan would: its before-image is the
 * target's, so that whoever leaves last puts back what was there before the first.
 */
function joinable(others: readonly OperationRow[], plan: StoredPlan): OperationRow | null {
  if (!jsonEquals(plan.before, plan.after)) return null;
  return others.find((other) => jsonEquals(other.plan.after, plan.after)) ?? null;
}

/** True when two plans want the same things in different states; each after its own pod does not. */
function contradicts(one: StoredPlan, other: StoredPlan): boolean {
  return jsonEquals(one.targets, other.targets) && !jsonEquals(one.after, other.after);
}

/** The key of the row that this effect will have. */
export function keyOf(job: EffectJob): OperationKey {
  const { operation, target, round } = job;
  return { incidentId: job.incident.id, operation, target, round };
}

/** The fact of a plan; its body is equal for an equal plan. */
export function plannedFact(draft: Draft): NewFact {
  const { job, plan, planDigest, joins } = draft;
  return newFact({
    key: `effect/${keyText(keyOf(job))}/planned`,
    kind: 'operation.planned',
    step: job.step,
    operation: job.operation,
    target: job.target,
    summary: plan.summary,
    data: {
      use: job.use,
      round: job.round,
      class: job.approvalClass,
      ...(draft.cap === null ? {} : { cap: draft.cap }),
      before: plan.before,
      after: plan.after,
      undo: plan.undo,
      planDigest,
      noChange: joins !== null || jsonEquals(plan.before, plan.after),
      ...(joins === null ? {} : { joins }),
    },
  });
}

/** Takes the claim that a plan needs, or leaves word whom to wake when another incident is done. */
export function claimFor(
  tables: Pick<Tables, 'claims'>,
  { job, claimTargets, contradicts }: Draft,
): ReturnType<Tables['claims']['take']> {
  return tables.claims.take({
    incidentId: job.incident.id,
    targets: claimTargets,
    mode: job.claim,
    waitsForContainments: contradicts || job.step === 'redeploy',
  });
}

/**
 * Weighs a plan and takes its claim, inside the caller's transaction. Answers who blocks, or the weighed plan. Raises
 * `refused` for what a legal hold forbids.
 */
export async function admitDraft(
  deps: Pick<ActivityDependencies, 'caps' | 'connectors' | 'inventory'>,
  tables: Tables,
  draft: Draft,
): Promise<{ readonly weighed: Draft } | { readonly blockedBy: string }> {
  // In this order and in one flight: whoever holds a claim's lock never waits for the lock of those who reserve.
  const [weighed, claim] = await Promise.all([
    weigh(deps, tables, draft),
    claimFor(tables, draft),
    refuseHeld(deps, tables, {
      incident: draft.job.incident,
      effect: { ...draft.job, plan: draft.plan },
      direction: 'apply',
    }),
  ]);
  return claim.taken ? { weighed } : { blockedBy: claim.by };
}

/** Writes an admitted plan's row, what it isolates and what is told of it, inside the caller's transaction. */
export async function storeDraft(
  tables: Tables,
  draft: Draft,
  { approvalId, facts }: { readonly approvalId: string | null; readonly facts: readonly NewFact[] },
): Promise<OperationRow> {
  const { job, plan, planDigest, isolates } = draft;
  const [row] = await Promise.all([
    tables.operations.insertPlanned({
      ...keyOf(job),
      step: job.step,
      use: job.use,
      instance: job.instance,
      input: job.input,
      approvalClass: job.approvalClass,
      approvalId,
      containment: job.containment,
      generation: job.incident.generation,
      drill: job.incident.drill,
      plan,
      planDigest,
      leaseUntil: null,
    }),
    isolates === null ? undefined : tables.isolations.reserve(keyOf(job), isolates),
    tables.facts.append(job.incident.id, facts),
  ]);
  return row;
}
