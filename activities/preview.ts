import { toAppError } from '../domain/error.ts';
import type { Incident } from '../domain/incident.ts';
import type { Json, JsonObject } from '../domain/json.ts';
import { jsonEquals } from '../domain/plan.ts';
import type { OperationResult } from '../domain/operation.ts';
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
import { contextOf, isWanted } from './evaluation.ts';
import { see } from './look.ts';
import { draftPlan, jobsOf, type Draft } from './plan-effect.ts';

/** What a preview has found out so far. */
interface Preview {
  readonly deps: ActivityDependencies;
  readonly attempt: Attempt;
  readonly incident: Incident;
  readonly pinned: PinnedPlaybook;
  readonly results: OperationResult[];
  readonly drafts: Draft[];
}

/**
 * Every effect, target, difference, approval and undo of a playbook on an incident as things stand, with zero
 * writes: reads are asked, effects are only planned. What depends on an effect that has not happened is said so.
 */
export async function previewPlaybook(
  deps: ActivityDependencies,
  attempt: Attempt,
  request: { readonly incident: Incident; readonly pinned: PinnedPlaybook },
): Promise<JsonObject> {
  const preview: Preview = { deps, attempt, ...request, results: [], drafts: [] };
  const steps: Json[] = [];
  for (const step of request.pinned.playbook.steps) {
    const operations: Json[] = [];
    for (const operation of flatten(step.operations)) {
      operations.push(await previewOperation(preview, step.name, operation));
    }
    steps.push({ step: step.name, operations });
  }
  const { playbook, digest } = request.pinned;
  return { playbook: { name: playbook.name, title: playbook.title, digest }, steps };
}

async function previewOperation(
  preview: Preview,
  step: StepName,
  operation: PlaybookOperation,
): Promise<Json> {
  const { name, title, kind } = operation;
  const head = { operation: name, kind, title };
  try {
    switch (operation.kind) {
      case 'action':
        return { ...head, ...(await previewAction(preview, step, operation)) };
      case 'undo':
        return { ...head, ...previewUndo(preview, operation) };
      case 'approval': {
        const { roles, expiresAfterSeconds, covers } = operation;
        return {
          ...head,
          roles,
          expiresAfterSeconds,
          covers: covers.map((covered) => covered.name),
        };
      }
      case 'wait':
        return { ...head, seconds: operation.seconds };
      case 'parallel':
        return { ...head, members: operation.operations.map((member) => member.name) };
      case 'seal':
        return { ...head, use: operation.use, would: 'seal what this probe answers' };
      default:
        return { ...head, ...(await previewRead(preview, step, operation)) };
    }
  } catch (error) {
    return { ...head, known: 'at run time', reason: toAppError(error).message };
  }
}

function contextFor(preview: Preview): ReturnType<typeof contextOf> {
  const { incident, pinned, results, attempt } = preview;
  return contextOf({ incident, pinned, results, now: attempt.scheduledAt });
}

async function previewAction(
  preview: Preview,
  step: StepName,
  operation: ActionOperation,
): Promise<JsonObject> {
  const { deps, attempt, incident } = preview;
  const context = contextFor(preview);
  if (!isWanted(operation, context)) return { would: 'be skipped: its condition does not hold' };
  const effects: Json[] = [];
  for (const job of jobsOf(deps, { incident, step, operation, round: 1 }, context)) {
    const draft = await draftPlan(deps, attempt, { job, earlier: preview.drafts });
    preview.drafts.push(draft);
    const { summary, before, after, undo } = draft.plan;
    effects.push({
      target: job.target,
      summary,
      before,
      after,
      undo,
      noChange: jsonEquals(before, after),
    });
  }
  return { use: operation.use, class: operation.approvalClass, effects };
}

function previewUndo(preview: Preview, operation: UndoOperation): JsonObject {
  const effects = preview.drafts
    .filter((draft) => operation.of.includes(draft.job.operation))
    .map(({ job, plan }) => ({
      target: job.target,
      summary: plan.undo,
      before: plan.after,
      after: plan.before,
    }));
  return { class: operation.approvalClass, of: operation.of, effects };
}

const NOT_SEEN = { outcome: 'inconclusive', reason: null, value: null } as const;

async function previewRead(
  preview: Preview,
  step: StepName,
  operation: ReadOperation,
): Promise<JsonObject> {
  const { deps, attempt, incident, results } = preview;
  const since = new Date(0).toISOString();
  const context = contextFor(preview);
  const looking = { deps, attempt, incident, step, operation, round: 1, since, context };
  const { outcome, reason, value } = (await see(looking)) ?? NOT_SEEN;
  const now = attempt.scheduledAt.toISOString();
  results.push({
    incidentId: incident.id,
    step,
    operation: operation.name,
    round: 1,
    outcome,
    reason,
    value,
    startedAt: now,
    settledAt: now,
  });
  return { now: outcome, reason };
}
