import { sleep } from '@temporalio/workflow';
import type { EffectFirst, OperationOutcome } from '../activities/activity.ts';
import { credentialOf, type Credential } from '../domain/credential.ts';
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
import { byCredential } from './by-credential.ts';
import { reads } from './proxies.ts';
import type { Run } from './run.ts';
import { waitForVeto } from './wait-for-veto.ts';

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
    case 'undo': {
      const { asks } = await runEffect(run, { step, operation, approvalId: null });
      if (asks) await runApproval(run, step, { name: operation.name, covers: [operation] });
      return;
    }
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

/** Why an effect did not come to an outcome; both false when it did. */
interface EffectPause {
  /** The world moved since people approved. */
  readonly conflict: boolean;
  /** People must approve it first. */
  readonly asks: boolean;
}

const SETTLED: EffectPause = { conflict: false, asks: false };

/** Who only observes plans with what it looks with. */
function credentialFor(run: Run, step: StepName, operation: EffectOperation): Credential | null {
  return run.observing ? 'read' : credentialOf(run.loaded.pinned.playbook, step, operation);
}

/**
 * One effect. Its undo needs no list in here: the operation row is written before anything is sent, and the undo
 * stack is the rows whose apply began.
 */
async function runEffect(run: Run, { step, operation, approvalId }: Effect): Promise<EffectPause> {
  const blockedSince = Date.now();
  const credential = credentialFor(run, step, operation);
  for (let look = 1; ; look += 1) {
    const attempt = await run.carrier.attempt((reference) =>
      byCredential(run, credential, ({ act }) =>
        act({
          ...reference,
          step,
          operation: operation.name,
          round: run.progress.roundOf(operation.name),
          stage: approvalId === null ? 'run' : 'apply',
          approvalId,
        }),
      ),
    );
    if ('failure' in attempt) {
      giveUp(run, operation.name, attempt.failure);
      return SETTLED;
    }
    const outcome = attempt.value;
    const pause = await passFirst(run, operation, { first: outcome.first, look });
    if (pause === 'again') continue;
    if (pause !== null) return pause;
    if (
      outcome.blockedBy !== null &&
      (await waitForClaim(run, operation.name, outcome.blockedBy))
    ) {
      if (Date.now() - blockedSince < LOOKS_MAX * LOOK_AGAIN_MS) continue;
    }
    if (outcome.conflict && approvalId !== null) return { conflict: true, asks: false };
    run.progress.settle(outcome);
    run.noteHold(outcome.holdMs);
    return SETTLED;
  }
}

/** What comes before an effect: null when nothing does, `again` once it may be tried again. */
async function passFirst(
  run: Run,
  operation: EffectOperation,
  { first, look }: { readonly first: EffectFirst | undefined; readonly look: number },
): Promise<'again' | EffectPause | null> {
  if (first === undefined) return null;
  if (first.kind === 'approval') return { conflict: false, asks: true };
  const { until } = first;
  if (await waitForVeto(run, { operation: operation.name, until, look })) return 'again';
  giveUp(run, operation.name, 'the incident was cancelled');
  return SETTLED;
}

/** What people are asked about: an approval of the playbook, or effects that may not go on by themselves. */
type Asking = Pick<ApprovalOperation, 'name' | 'covers'> & Partial<Pick<ApprovalOperation, 'kind'>>;

/**
 * Settles what was asked. An approval has an outcome of its own; effects that were asked for by themselves have theirs,
 * and those that were not reached get this one.
 */
function settleAsking(
  run: Run,
  asking: Asking,
  { outcome, reason }: Pick<OperationOutcome, 'outcome' | 'reason'>,
): void {
  const own = asking.kind === 'approval' ? [asking] : unreached(run, asking);
  for (const { name } of own) {
    run.progress.settle({ operation: name, round: run.progress.roundOf(name), outcome, reason });
  }
}

function unreached(run: Run, { covers }: Asking): readonly EffectOperation[] {
  return covers.filter(({ name }) => run.progress.outcomeOf(name) === undefined);
}

async function runApproval(run: Run, step: StepName, asking: Asking): Promise<void> {
  for (let plan = 0; plan < PLANS_MAX; plan += 1) {
    const covers = asking.covers.map(({ name }) => name);
    const end = await awaitApproval(run, { step, name: asking.name, covers });
    switch (end.kind) {
      case 'nothing-to-ask':
      case 'refused':
        settleAsking(run, asking, { outcome: end.outcome, reason: end.reason });
        return;
      case 'again':
        planAgain(run, asking);
        break;
      case 'approved': {
        const moved = await applyCovered(run, asking, { step, approvalId: end.approvalId });
        if (!moved) return;
        planAgain(run, asking);
        break;
      }
    }
  }
  settleAsking(run, asking, {
    outcome: 'inconclusive',
    reason: 'the world moved between every plan and its approval',
  });
}

/** A voided plan takes the whole approval with it: what it covered and did not reach is planned anew. */
function planAgain(run: Run, asking: Asking): void {
  run.progress.reopen(asking.name);
  for (const covered of asking.covers) {
    if (covered.name === asking.name) continue;
    const outcome = run.progress.outcomeOf(covered.name);
    if (!outcome || !run.passes(covered, outcome)) run.progress.reopen(covered.name);
  }
}

/** Applies what was approved, in order; true when the world had moved and people must be asked anew. */
async function applyCovered(
  run: Run,
  asking: Asking,
  { step, approvalId }: Omit<Effect, 'operation'>,
): Promise<boolean> {
  for (const covered of asking.covers) {
    const settled = run.progress.outcomeOf(covered.name);
    if (settled && run.passes(covered, settled)) continue;
    run.operation = covered.name;
    const { conflict } = await runEffect(run, { step, operation: covered, approvalId });
    if (conflict) return true;
    const outcome = run.progress.outcomeOf(covered.name);
    if (outcome && !run.passes(covered, outcome)) {
      settleAsking(run, asking, outcome);
      return false;
    }
  }
  settleAsking(run, asking, { outcome: 'succeeded', reason: null });
  return false;
}

const BADNESS = ['succeeded', 'skipped', 'not_run', 'inconclusive', 'failed'] as const;

/** How the worst member of a group ended that does not pass; null when all do. */
function worstOf(run: Run, group: ParallelOperation): OperationOutcome | null {
  let worst: OperationOutcome | null = null;
  for (const member of group.operations) {
    const outcome = run.progress.outcomeOf(member.name);
    if (!outcome || run.passes(member, outcome)) continue;
    if (!worst || BADNESS.indexOf(outcome.outcome) > BADNESS.indexOf(worst.outcome))
      worst = outcome;
  }
  return worst;
}

async function runParallel(run: Run, step: StepName, group: ParallelOperation): Promise<void> {
  const open = group.operations.filter(({ name }) => run.progress.outcomeOf(name) === undefined);
  const members = await Promise.all(open.map((member) => runMember(run, step, member)));
  const covers = members.flat();
  // Asked about together: one answer for the group, not one for each member.
  if (covers.length > 0) await runApproval(run, step, { name: group.name, covers });
  const worst = worstOf(run, group);
  run.progress.settle({
    operation: group.name,
    round: run.progress.roundOf(group.name),
    outcome: worst?.outcome ?? 'succeeded',
    reason: worst ? `${worst.operation}: ${worst.reason ?? worst.outcome}` : null,
  });
}

/** Runs a member to its outcome; answers it instead when people must approve it first. */
async function runMember(
  run: Run,
  step: StepName,
  member: LeafOperation,
): Promise<readonly EffectOperation[]> {
  if (isRead(member)) {
    await runReads(run, step, [member]);
    return [];
  }
  const { asks } = await runEffect(run, { step, operation: member, approvalId: null });
  return asks ? [member] : [];
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
