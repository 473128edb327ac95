import { AppError, toAppError } from '../domain/error.ts';
import { newFact } from '../domain/fact.ts';
import type { Outcome } from '../domain/incident.ts';
import type { Json } from '../domain/json.ts';
import { cardEdit } from '../domain/message.ts';
import {
  claimTargetsOf,
  keyText,
  type OperationResult,
  type OperationRow,
} from '../domain/operation.ts';
import type { ActionOperation, EffectOperation, UndoOperation } from '../domain/playbook.ts';
import { findOperation, isEffect } from '../domain/playbook.ts';
import type { ActInput, ActOutcome, EffectFirst } from './activity.ts';
import { beginActing } from './carry.ts';
import { changeTarget, type Acting, type TargetEnd } from './change-target.ts';
import { clearEffect } from './clear-effect.ts';
import { isRetryable } from './failure.ts';
import type { ActivityDependencies, Attempt } from './dependencies.ts';
import { contextOf, isWanted } from './evaluation.ts';
import { forEachAtMost } from './fan-out.ts';
import { messagesFor } from './message-rows.ts';
import { pinnedOf } from './pinned-playbook.ts';
import { currentRow, jobsOf, type EffectJob } from './plan-effect.ts';
import { HOLD_MS, outcomeOf, resultIn } from './results.ts';
import { revertRow } from './revert.ts';

/** Targets of one operation worked on at the same time. */
const TARGETS_AT_ONCE = 8;

/**
 * One effect operation on all its targets: plan, apply, verify, each stage durable in the target's row. A retry
 * goes on where the rows stand.
 */
export async function act(
  deps: ActivityDependencies,
  attempt: Attempt,
  input: ActInput,
): Promise<ActOutcome> {
  return actIn({ deps, attempt, input, ...(await beginActing(deps, input)) });
}

/** The same, over what was read already. */
export async function actIn(acting: Acting): Promise<ActOutcome> {
  try {
    const outcome = await run(acting);
    await acting.carried;
    return outcome;
  } catch (error) {
    if (isRetryable(error)) throw error;
    return fail(acting, error);
  }
}

/** What will not get better by another attempt ends the round, for a person to see. */
async function fail(acting: Acting, error: unknown): Promise<ActOutcome> {
  const { input } = acting;
  const { code, message } = toAppError(error);
  return finish(acting, {
    outcome: 'failed',
    reason: message,
    value: { targets: [] },
    facts: [
      newFact({
        key: `operation/${input.operation}/${input.round.toString()}/failed`,
        kind: 'operation.failed',
        step: input.step,
        operation: input.operation,
        summary: message,
        data: { code },
      }),
    ],
    holdMs: 0,
  });
}

async function run(acting: Acting): Promise<ActOutcome> {
  const { deps, attempt, input, incident, results } = acting;
  const known = resultIn(results, input.operation, input.round);
  if (known) return { blockedBy: null, conflict: false, holdMs: 0, ...outcomeOf(known) };
  const pinned = await pinnedOf(deps, incident);
  const operation = effectNamed(pinned.playbook, input.operation);
  const context = contextOf({ incident, pinned, results, now: attempt.scheduledAt });
  if (!isWanted(operation, context)) return skip(acting, 'its condition does not hold');
  const jobs =
    operation.kind === 'undo' ? [] : jobsOf(deps, { ...input, incident, operation }, context);
  if (input.stage === 'run') {
    const { step } = input;
    const { approvalClass } = operation;
    const effect = { ...acting, pinned, step, context, approvalClass };
    const first = await clearEffect({
      ...effect,
      rows: jobs.map((job) => currentRow(acting.rows, job)),
    });
    if (first !== null) return waits(input, first);
  }
  return operation.kind === 'undo' ? undo(acting, operation) : change(acting, operation, jobs);
}

function effectNamed(playbook: Parameters<typeof findOperation>[0], name: string): EffectOperation {
  const operation = findOperation(playbook, name)?.operation;
  if (operation && isEffect(operation)) return operation;
  throw new AppError('invalid', `${name} is no effect of this playbook.`, { field: 'operation' });
}

async function skip(acting: Acting, reason: string): Promise<ActOutcome> {
  const { input } = acting;
  return finish(acting, {
    outcome: 'skipped',
    reason,
    value: { targets: [] },
    facts: [
      newFact({
        key: `operation/${input.operation}/${input.round.toString()}/skipped`,
        kind: 'operation.skipped',
        step: input.step,
        operation: input.operation,
        summary: `Skipped ${input.operation}: ${reason}.`,
      }),
    ],
    holdMs: 0,
  });
}

interface Finish {
  readonly outcome: Outcome;
  readonly reason: string | null;
  readonly value: Json;
  readonly facts: readonly ReturnType<typeof newFact>[];
  readonly holdMs: number;
}

async function finish(acting: Acting, end: Finish): Promise<ActOutcome> {
  await acting.carried;
  return answer(await acting.deps.store.results.put(resultOf(acting, end), end.facts), end);
}

function resultOf({ deps, attempt, input }: Acting, end: Finish): OperationResult {
  const { incidentId, step, operation, round } = input;
  const { outcome, reason, value } = end;
  return {
    ...{ incidentId, step, operation, round, outcome, reason, value },
    startedAt: attempt.scheduledAt.toISOString(),
    settledAt: deps.now().toISOString(),
  };
}

function answer(stored: OperationResult, { holdMs }: Pick<Finish, 'holdMs'>): ActOutcome {
  return { ...outcomeOf(stored), blockedBy: null, conflict: false, holdMs };
}

async function change(
  acting: Acting,
  operation: ActionOperation,
  jobs: readonly EffectJob[],
): Promise<ActOutcome> {
  const [only] = jobs;
  const alone =
    jobs.length === 1 && only
      ? { result: (row: OperationRow) => resultOf(acting, succeeded([valueOf(row)], only.holdMs)) }
      : {};
  const ends = await forEachAtMost(TARGETS_AT_ONCE, jobs, (job) =>
    changeTarget(acting, job, { current: currentRow(acting.rows, job), ...alone }),
  );
  const open = await leftOpen(acting, operation, ends);
  if (open !== null) return open;
  const end = summarise(ends, jobs);
  const [settled] = ends.flatMap((one) => ('result' in one ? [one.result] : []));
  return settled ? answer(settled, end) : finish(acting, end);
}

/** What keeps the round open, if anything does: a claim, people to be asked, or a world that moved. */
async function leftOpen(
  acting: Acting,
  operation: ActionOperation,
  ends: readonly TargetEnd[],
): Promise<ActOutcome | null> {
  const { input } = acting;
  const open = { operation: operation.name, round: input.round, holdMs: 0 };
  const waiting = ends.find((end) => 'blockedBy' in end);
  if (waiting && 'blockedBy' in waiting) return blocked(input, waiting.blockedBy);
  const asking = ends.find((end) => 'asks' in end);
  if (asking && 'asks' in asking) {
    return waits(input, { kind: 'approval', reason: asking.asks });
  }
  const conflict = ends.find((end) => 'conflict' in end && end.conflict);
  if (!conflict || !('row' in conflict) || input.approvalId === null) return null;
  await voidAfterConflict(acting, input.approvalId, conflict.row);
  return { ...open, outcome: 'failed', reason: conflict.reason, blockedBy: null, conflict: true };
}

/** The round stays open: something comes before the effect. */
function waits({ operation, round }: Acting['input'], first: EffectFirst): ActOutcome {
  const reason = first.kind === 'veto' ? `people may veto it until ${first.until}` : first.reason;
  return {
    operation,
    round,
    outcome: 'inconclusive',
    reason,
    blockedBy: null,
    conflict: false,
    holdMs: 0,
    first,
  };
}

/** The round stays open: the run waits until the other incident is done. */
function blocked({ operation, round }: Acting['input'], by: string): ActOutcome {
  const reason = `incident ${by} holds the target`;
  return {
    operation,
    round,
    outcome: 'inconclusive',
    reason,
    blockedBy: by,
    conflict: false,
    holdMs: 0,
  };
}

function summarise(ends: readonly TargetEnd[], jobs: readonly EffectJob[]): Finish {
  const values = ends.map((end) =>
    'row' in end ? valueOf(end.row) : 'value' in end ? end.value : null,
  );
  const worst =
    ends.find((end) => 'outcome' in end && end.outcome === 'failed') ??
    ends.find((end) => 'outcome' in end && end.outcome !== 'succeeded');
  const skipped = ends.find((end) => 'skipped' in end);
  const holdMs = Math.max(0, ...jobs.map((job) => job.holdMs));
  const value = { targets: values };
  if (worst && 'outcome' in worst) {
    const reason = `${worst.target}: ${worst.reason ?? worst.outcome}`;
    return { outcome: worst.outcome, reason, value, facts: [], holdMs: 0 };
  }
  if (skipped && 'skipped' in skipped) {
    return { outcome: 'skipped', reason: skipped.skipped, value, facts: [], holdMs: 0 };
  }
  return succeeded(values, holdMs);
}

function succeeded(targets: readonly Json[], holdMs: number): Finish {
  const value = { targets, [HOLD_MS]: holdMs };
  return { outcome: 'succeeded', reason: null, value, facts: [], holdMs };
}

/** What later expressions read of an effect. */
function valueOf(row: OperationRow): Json {
  return {
    target: row.target,
    externalId: row.receipt?.externalId ?? null,
    before: row.plan.before,
    after: row.plan.after,
  };
}

/** People approved another world: the approval and what it covered and did not reach are void. */
async function voidAfterConflict(
  acting: Acting,
  approvalId: string,
  row: OperationRow,
): Promise<void> {
  const { deps, input } = acting;
  await deps.store.transaction(async (tables) => {
    const reason = `the world moved: ${row.reason ?? row.target}`;
    const voided = await tables.approvals.settle(approvalId, 'void', reason);
    for (const other of await tables.operations.ofIncident(input.incidentId)) {
      if (other.approvalId !== approvalId) continue;
      await tables.operations.move(other, ['planned', 'approved'], 'void', { reason });
    }
    if (!voided) return;
    const edit = { ...cardEdit(approvalId, 'void'), mail: false };
    await tables.messages.put(messagesFor(deps, input.incidentId, [edit]));
    await tables.facts.append(input.incidentId, [
      newFact({
        key: `approval/${approvalId}/voided`,
        kind: 'approval.voided',
        step: input.step,
        operation: input.operation,
        target: row.target,
        summary: `Approval voided: ${reason}`,
        data: { approvalId },
        causes: [`effect/${keyText(row)}/conflict/${input.round.toString()}`],
      }),
    ]);
  });
}

async function undo(acting: Acting, operation: UndoOperation): Promise<ActOutcome> {
  const { deps, attempt, input, incident } = acting;
  if (incident.mode === 'observe') return skip(acting, 'observe mode changes nothing');
  await acting.carried;
  const stack = await deps.store.operations.undoStack(incident.id);
  const mine = stack.filter((row) => operation.of.includes(row.operation));
  const claim = await deps.store.claims.take({
    incidentId: incident.id,
    targets: mine.flatMap(claimTargetsOf),
    mode: 'exclusive',
    waitsForContainments: input.step === 'redeploy',
  });
  if (!claim.taken) return blocked(input, claim.by);
  const failed: string[] = [];
  const targets: Json[] = [];
  for (const row of mine) {
    attempt.heartbeat(keyText(row));
    const end = await revertRow(deps, attempt, {
      row,
      generation: input.generation,
      approvalId: input.approvalId,
      listedAs: operation.name,
    });
    targets.push({ target: end.target, operation: row.operation, reverted: end.reverted });
    if (!end.reverted) failed.push(`${end.target}: ${end.reason ?? 'not reverted'}`);
  }
  const outcome: Outcome = failed.length === 0 ? 'succeeded' : 'failed';
  const reason = failed.length === 0 ? null : failed.join('; ');
  return finish(acting, { outcome, reason, value: { targets }, facts: [], holdMs: 0 });
}
