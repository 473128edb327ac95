import { sleep } from '@temporalio/workflow';
import type { OperationOutcome } from '../activities/activity.ts';
import {
  isRead,
  type ApprovalOperation,
  type EffectOperation,
  type LeafOperation,
  type ParallelOperation,
  type PlaybookOperation,
  type ReadOperation,
  type StepName,
  type WaitOperation,
} from '../domain/playbook.ts';
import { awaitApproval, waitForClaim } from './await-approval.ts';
import { effects, reads } from './proxies.ts';
import type { Run } from './run.ts';

const SECOND_MS = 1000;
/** How long a probe that does not hold yet rests between looks. */
const LOOK_AGAIN_MS = 5 * SECOND_MS;
/** A moved world voids a plan; after so many plans a person is asked. */
const PLANS_MAX = 3;
const LOOKS_MAX = 1000;

/** No attempt came to an end: unknown, which is never success and never failure. */
function giveUp(run: Run, operation: string, reason: string): void {
  run.progress.settle({
    operation,
    round: run.progress.roundOf(operation),
    outcome: 'inconclusive',
    reason,
  });
}

/** Runs neighbouring reads in one activity; each is settled by itself. */
export async function runReads(
  run: Run,
  step: StepName,
  operations: readonly ReadOperation[],
): Promise<void> {
  let left = operations.filter(({ name }) => run.progress.outcomeOf(name) === undefined);
  for (let look = 0; left.length > 0 && look < LOOKS_MAX; look += 1) {
    const asked = left.map(({ name }) => ({
      name,
      round: run.progress.roundOf(name),
      since: run.progress.lookedSince(name),
    }));
    const attempt = await run.carrier.attempt((reference) =>
      reads.look({ ...reference, step, operations: asked }),
    );
    if ('failure' in attempt) {
      const [first] = asked;
      if (first) giveUp(run, first.name, attempt.failure);
      return;
    }
    const outcome = attempt.value;
    for (const settled of outcome.settled) run.progress.settle(settled);
    const stopped = outcome.settled.some((settled) => {
      const operation = operations.find(({ name }) => name === settled.operation);
      return operation !== undefined && !run.passes(operation, settled);
    });
    if (stopped || run.paused || run.cancelled !== null) return;
    left = left.filter(({ name }) => run.progress.outcomeOf(name) === undefined);
    if (outcome.pending !== null) await sleep(LOOK_AGAIN_MS);
  }
}

/** Runs one operation to its outcome in the current round. */
export async function runOperation(
  run: Run,
  step: StepName,
  operation: PlaybookOperation,
): Promise<void> {
  run.operation = operation.name;
  switch (operation.kind) {
    case 'action':
    case 'undo':
      await runEffect(run, { step, operation, approvalId: null });
      return;
    case 'approval':
      await runApproval(run, step, operation);
      return;
    case 'parallel':
      await runParallel(run, step, operation);
      return;
    case 'wait':
      await runWait(run, operation);
      return;
    default:
      await runReads(run, step, [operation]);
  }
}

/** An effect to be, and the approval that allows it; null where none stands before it. */
interface Effect {
  readonly step: StepName;
  readonly operation: EffectOperation;
  readonly approvalId: string | null;
}

/**
 * One effect. Its undo needs no list in here: the operation row is written before anything is sent, and the undo
 * stack is the rows whose apply began.
 */
async function runEffect(
  run: Run,
  { step, operation, approvalId }: Effect,
): Promise<{ readonly conflict: boolean }> {
  const blockedSince = Date.now();
  for (;;) {
    const attempt = await run.carrier.attempt((reference) =>
      effects.act({
        ...reference,
        step,
        operation: operation.name,
        round: run.progress.roundOf(operation.name),
        stage: approvalId === null ? 'run' : 'apply',
        approvalId,
      }),
    );
    if ('failure' in attempt) {
      giveUp(run, operation.name, attempt.failure);
      return { conflict: false };
    }
    const outcome = attempt.value;
    if (
      outcome.blockedBy !== null &&
      (await waitForClaim(run, operation.name, outcome.blockedBy))
    ) {
      if (Date.now() - blockedSince < LOOKS_MAX * LOOK_AGAIN_MS) continue;
    }
    if (outcome.conflict && approvalId !== null) return { conflict: true };
    run.progress.settle(outcome);
    run.noteHold(outcome.holdMs);
    return { conflict: false };
  }
}

async function runApproval(run: Run, step: StepName, operation: ApprovalOperation): Promise<void> {
  for (let plan = 0; plan < PLANS_MAX; plan += 1) {
    const covers = operation.covers.map(({ name }) => name);
    const end = await awaitApproval(run, { step, name: operation.name, covers });
    const round = run.progress.roundOf(operation.name);
    switch (end.kind) {
      case 'nothing-to-ask':
        run.progress.settle({
          operation: operation.name,
          round,
          outcome: end.outcome,
          reason: end.reason,
        });
        return;
      case 'refused':
        run.progress.settle({
          operation: operation.name,
          round,
          outcome: end.outcome,
          reason: end.reason,
        });
        return;
      case 'again':
        planAgain(run, operation);
        break;
      case 'approved': {
        const moved = await applyCovered(run, operation, { step, approvalId: end.approvalId });
        if (!moved) return;
        planAgain(run, operation);
        break;
      }
    }
  }
  run.progress.settle({
    operation: operation.name,
    round: run.progress.roundOf(operation.name),
    outcome: 'inconclusive',
    reason: 'the world moved between every plan and its approval',
  });
}

/** A voided plan takes the whole approval with it: what it covered and did not reach is planned anew. */
function planAgain(run: Run, approval: ApprovalOperation): void {
  run.progress.reopen(approval.name);
  for (const covered of approval.covers) {
    const outcome = run.progress.outcomeOf(covered.name);
    if (!outcome || !run.passes(covered, outcome)) run.progress.reopen(covered.name);
  }
}

/** Applies what was approved, in order; true when the world had moved and people must be asked anew. */
async function applyCovered(
  run: Run,
  approval: ApprovalOperation,
  { step, approvalId }: Omit<Effect, 'operation'>,
): Promise<boolean> {
  const round = run.progress.roundOf(approval.name);
  for (const covered of approval.covers) {
    const settled = run.progress.outcomeOf(covered.name);
    if (settled && run.passes(covered, settled)) continue;
    run.operation = covered.name;
    const { conflict } = await runEffect(run, { step, operation: covered, approvalId });
    if (conflict) return true;
    const outcome = run.progress.outcomeOf(covered.name);
    if (outcome && !run.passes(covered, outcome)) {
      run.progress.settle({ ...outcome, operation: approval.name, round });
      return false;
    }
  }
  run.progress.settle({ operation: approval.name, round, outcome: 'succeeded', reason: null });
  return false;
}

const BADNESS = ['succeeded', 'skipped', 'not_run', 'inconclusive', 'failed'] as const;

async function runParallel(run: Run, step: StepName, group: ParallelOperation): Promise<void> {
  const open = group.operations.filter(({ name }) => run.progress.outcomeOf(name) === undefined);
  await Promise.all(open.map((member) => runMember(run, step, member)));
  let worst: OperationOutcome | null = null;
  for (const member of group.operations) {
    const outcome = run.progress.outcomeOf(member.name);
    if (!outcome || run.passes(member, outcome)) continue;
    if (!worst || BADNESS.indexOf(outcome.outcome) > BADNESS.indexOf(worst.outcome))
      worst = outcome;
  }
  run.progress.settle({
    operation: group.name,
    round: run.progress.roundOf(group.name),
    outcome: worst?.outcome ?? 'succeeded',
    reason: worst ? `${worst.operation}: ${worst.reason ?? worst.outcome}` : null,
  });
}

async function runMember(run: Run, step: StepName, member: LeafOperation): Promise<void> {
  if (isRead(member)) await runReads(run, step, [member]);
  else await runEffect(run, { step, operation: member, approvalId: null });
}

async function runWait(run: Run, operation: WaitOperation): Promise<void> {
  run.waiting = { kind: 'timer', operation: operation.name };
  run.tell({
    kind: 'wait.started',
    operation: operation.name,
    summary: `Waiting ${operation.seconds.toString()} s: ${operation.title}`,
  });
  await run.until(() => run.cancelled !== null, operation.seconds * SECOND_MS);
  run.waiting = null;
  const round = run.progress.roundOf(operation.name);
  run.progress.settle({ operation: operation.name, round, outcome: 'succeeded', reason: null });
}
