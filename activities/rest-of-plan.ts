import type { HandEffect, HandOperation } from '../domain/hand-plan.ts';
import { toAppError } from '../domain/error.ts';
import type { Incident } from '../domain/incident.ts';
import { isPassedOver, type OperationResult, type OperationRow } from '../domain/operation.ts';
import type { StoredPlan } from '../domain/plan.ts';
import {
  flatten,
  type ActionOperation,
  type PinnedPlaybook,
  type PlaybookOperation,
  type ReadOperation,
  type StepName,
  type UndoOperation,
} from '../domain/playbook.ts';
import type { ActivityDependencies, Attempt } from './dependencies.ts';
import { actionOf } from './effect.ts';
import { contextOf, isWanted } from './evaluation.ts';
import { see } from './look.ts';
import { draftPlan, jobsOf, type Draft } from './plan-effect.ts';

/** Results that a person or the engine settled: nothing is left to do there. */
function isDone({ outcome, value }: OperationResult): boolean {
  return outcome === 'succeeded' || outcome === 'skipped' || isPassedOver(value);
}

interface Walk {
  readonly deps: ActivityDependencies;
  readonly attempt: Attempt;
  readonly incident: Incident;
  readonly pinned: PinnedPlaybook;
  readonly results: OperationResult[];
  readonly drafts: Draft[];
  /** Effects in force, newest first: what an undo takes back. */
  readonly stack: readonly OperationRow[];
}

/** One operation of a walk. */
interface Place<Operation extends PlaybookOperation> {
  readonly step: StepName;
  readonly operation: Operation;
}

/**
 * What is left of an incident's playbook, for people who do it by hand: each operation that is not settled, its effects
 * planned on the world as it is now, with the plain requests that make them. Changes nothing outside.
 */
export async function restOfPlan(
  deps: ActivityDependencies,
  attempt: Attempt,
  request: { readonly incident: Incident; readonly pinned: PinnedPlaybook },
): Promise<readonly HandOperation[]> {
  const { incident } = request;
  const [results, stack] = await Promise.all([
    deps.store.results.ofIncident(incident.id),
    deps.store.operations.undoStack(incident.id),
  ]);
  const done = new Set(results.filter(isDone).map(({ operation }) => operation));
  const walk: Walk = { deps, attempt, ...request, results: [...results], drafts: [], stack };
  const rest: HandOperation[] = [];
  for (const { name: step, operations } of request.pinned.playbook.steps) {
    for (const operation of flatten(operations)) {
      // A group is its members.
      if (done.has(operation.name) || operation.kind === 'parallel') continue;
      rest.push(await leftOf(walk, { step, operation }));
    }
  }
  return rest;
}

function contextFor({ incident, pinned, results, attempt }: Walk): ReturnType<typeof contextOf> {
  return contextOf({ incident, pinned, results, now: attempt.scheduledAt });
}

async function leftOf(walk: Walk, place: Place<PlaybookOperation>): Promise<HandOperation> {
  const { step, operation } = place;
  const { name, title, kind } = operation;
  const head = { step, operation: name, title, kind };
  try {
    if (!isWanted(operation, contextFor(walk))) {
      return { ...head, note: 'Not needed: its condition does not hold.', effects: [] };
    }
    return { ...head, ...(await partsOf(walk, { step, operation })) };
  } catch (error) {
    const note = `Not known yet: ${toAppError(error).message}`;
    return { ...head, note, effects: [] };
  }
}

type Parts = Pick<HandOperation, 'note' | 'effects'>;

function noted(note: string): Parts {
  return { note, effects: [] };
}

async function partsOf(walk: Walk, { step, operation }: Place<PlaybookOperation>): Promise<Parts> {
  switch (operation.kind) {
    case 'action':
      return { note: null, effects: await effectsOf(walk, { step, operation }) };
    case 'undo':
      return { note: null, effects: takenBack(walk, operation) };
    case 'approval':
      return noted(`Ask ${operation.roles.join(' and ')} about what follows.`);
    case 'wait':
      return noted(`Wait ${operation.seconds.toString()} s.`);
    case 'seal':
      return noted(`Keep what ${operation.use} answers.`);
    case 'parallel':
      return noted('All at once.');
    default:
      return noted(await lookedAt(walk, { step, operation }));
  }
}

async function effectsOf(
  walk: Walk,
  { step, operation }: Place<ActionOperation>,
): Promise<readonly HandEffect[]> {
  const { deps, attempt, incident } = walk;
  const effects: HandEffect[] = [];
  for (const job of jobsOf(deps, { incident, step, operation, round: 1 }, contextFor(walk))) {
    const draft = await draftPlan(deps, attempt, { job, earlier: walk.drafts });
    walk.drafts.push(draft);
    const requests =
      actionOf(deps, { ...job, drill: incident.drill }).byHand?.(job.input, draft.plan) ?? null;
    const { summary, undo } = draft.plan;
    effects.push({ instance: job.instance, target: job.target, summary, undo, requests });
  }
  return effects;
}

/** The same plan, the other way round. */
function turned(plan: StoredPlan): StoredPlan {
  return { ...plan, before: plan.after, after: plan.before };
}

/** What an undo takes back: effects in force, and those that this list itself makes, newest first. */
function takenBack(
  { deps, incident: { drill }, stack, drafts }: Walk,
  { of }: UndoOperation,
): readonly HandEffect[] {
  const planned = drafts
    .filter(({ job }) => of.includes(job.operation))
    .map(({ job, plan }) => ({ ...job, plan }))
    .reverse();
  const inForce = stack.filter((row) => of.includes(row.operation));
  return [...planned, ...inForce].map(({ instance, target, use, input, plan }) => {
    const requests = actionOf(deps, { use, instance, drill }).byHand?.(input, turned(plan)) ?? null;
    return { instance, target, summary: plan.undo, undo: plan.summary, requests };
  });
}

/** What a read says now; later plans are made with it. */
async function lookedAt(walk: Walk, { step, operation }: Place<ReadOperation>): Promise<string> {
  const { deps, attempt, incident, results } = walk;
  const since = new Date(0).toISOString();
  const context = contextFor(walk);
  const looking = { deps, attempt, incident, step, operation, round: 1, since, context };
  const seen = await see(looking);
  if (!seen) return 'Look whether it holds.';
  const now = attempt.scheduledAt.toISOString();
  const { outcome, reason, value } = seen;
  const about = { incidentId: incident.id, step, operation: operation.name, round: 1 };
  const index = results.findIndex((one) => one.operation === operation.name);
  const result = { ...about, outcome, reason, value, startedAt: now, settledAt: now };
  results.splice(index === -1 ? results.length : index, index === -1 ? 0 : 1, result);
  return `Look whether it holds; now: ${outcome}${reason === null ? '' : `, ${reason}`}.`;
}
