import { patched } from '@temporalio/workflow';
import type { Decision } from '../domain/decision.ts';
import type { ParallelOperation, PlaybookOperation, StepName } from '../domain/playbook.ts';
import type { Waiting } from './messages.ts';
import type { Run } from './run.ts';
import { reads, records } from './proxies.ts';
import { standDown } from './stand-down.ts';

const MINUTE_MS = 60_000;
/** When nobody answers a held incident: after a quarter of an hour, then ever longer, at most daily. */
const FIRST_REMINDER_MS = 15 * MINUTE_MS;
const REMINDER_MAX_MS = 24 * 60 * MINUTE_MS;

/** Where a hold happened, and why; `operation` is null when the incident as a whole is held. */
export interface HoldReason {
  readonly step: StepName | null;
  readonly operation: PlaybookOperation | null;
  readonly reason: string;
}

/** How people ended a hold. */
export type HoldEnd = 'again' | 'settled' | 'closed';

/** Waits for a command; reminds people at growing intervals until one comes. */
export async function commandWithReminders(run: Run, what: string): Promise<Decision> {
  for (;;) {
    const decision = await commandUnless(run, what, () => false);
    if (decision) return decision;
  }
}

/** As `commandWithReminders`, but null as soon as `stops`. */
export async function commandUnless(
  run: Run,
  what: string,
  stops: () => boolean,
): Promise<Decision | null> {
  let waitMs = FIRST_REMINDER_MS;
  for (;;) {
    const decision = await run.nextCommand(waitMs, stops);
    if (decision || stops()) return decision;
    run.tell({
      kind: 'approval.escalated',
      summary: `Nobody answered: ${what}`,
      data: { waitedMs: waitMs },
    });
    run.carrier.announce({
      purpose: `reminder/${what}/${waitMs.toString()}`,
      subject: `Still waiting: ${what}`,
      text: `Nobody has answered for ${(waitMs / MINUTE_MS).toString()} minutes: ${what}`,
      mail: true,
    });
    waitMs = Math.min(waitMs * 2, REMINDER_MAX_MS);
  }
}

/**
 * Holds: containment and revert stay as they are, and the next move is a person's. Returns when a person retries
 * or resumes, settles the operation, or closes the incident.
 */
export async function hold(run: Run, why: HoldReason): Promise<HoldEnd> {
  const what = `held at ${why.operation?.name ?? 'the incident'}`;
  beginHold(run, why);
  for (;;) {
    const decision = await commandWithReminders(run, what);
    const end = await carryOut(run, why, decision);
    if (end === null) continue;
    if (end !== 'closed') release(run, decision);
    return end;
  }
}

/** What a run waits for while it is held. */
function heldAt(why: HoldReason): Waiting {
  return { kind: 'held', operation: why.operation?.name ?? null, reason: why.reason };
}

function beginHold(run: Run, why: HoldReason): void {
  const operation = why.operation?.name ?? null;
  const unowned = run.loaded.owner === null;
  run.waiting = heldAt(why);
  run.set({
    state: 'held',
    stateReason: why.reason,
    ...(unowned ? { owner: 'on-call' } : {}),
  });
  run.tell({
    kind: 'incident.held',
    operation,
    summary: `Held: ${why.reason}`,
    data: { reason: why.reason },
  });
  run.carrier.announce({
    purpose: `held/${operation ?? 'incident'}/${run.progress.roundOf(operation ?? '').toString()}`,
    subject: `Held: ${run.loaded.title}`,
    text: `Held at ${operation ?? 'the incident'}: ${why.reason}`,
    mail: true,
  });
}

function release(run: Run, decision: Decision): void {
  run.waiting = null;
  run.cancelled = null;
  run.set({ state: 'open', stateReason: null });
  run.tell({
    kind: 'incident.released',
    actor: decision.actor.person,
    summary: `${decision.actor.name} released the hold (${decision.command.kind}).`,
    causes: [`decision/${decision.id}`],
  });
}

/** Carries out one command of a held incident; null when it stays held. */
async function carryOut(run: Run, why: HoldReason, decision: Decision): Promise<HoldEnd | null> {
  const { command } = decision;
  const accept = (): void => {
    run.answer(decision, { outcome: 'accepted', reason: null });
  };
  switch (command.kind) {
    case 'resume':
    case 'retry':
      accept();
      if (why.operation) reopen(run, why.operation);
      return 'again';
    case 'skip':
    case 'mark-done':
      return settle(run, why, decision);
    case 'stand-down':
      accept();
      await standDown(run, decision);
      run.waiting = heldAt(why);
      return null;
    case 'close':
      return (await close(run, decision)) ? 'closed' : null;
    default:
      run.answer(decision, { outcome: 'refused', reason: 'A held incident cannot do that.' });
      return null;
  }
}

/** Opens an operation again, and of a group only the members that did not succeed. */
function reopen(run: Run, operation: PlaybookOperation): void {
  const members =
    operation.kind === 'parallel'
      ? groupToReopen(operation)
      : operation.kind === 'approval'
        ? [operation, ...operation.covers]
        : [operation];
  for (const member of members) {
    const outcome = run.progress.outcomeOf(member.name);
    const done = outcome?.outcome === 'succeeded' || outcome?.outcome === 'skipped';
    if (!done) run.progress.reopen(member.name);
  }
}

/** Runs of before left the group itself settled, so that it was held again without being tried. */
function groupToReopen(group: ParallelOperation): readonly PlaybookOperation[] {
  return patched('reopen-group') ? [group, ...group.operations] : group.operations;
}

async function settle(run: Run, why: HoldReason, decision: Decision): Promise<HoldEnd | null> {
  const { command, actor } = decision;
  const { operation, step } = why;
  if (!operation || !step || (command.kind !== 'skip' && command.kind !== 'mark-done')) return null;
  if (command.kind === 'skip' && (operation.kind === 'seal' || operation.kind === 'approval')) {
    run.answer(decision, {
      outcome: 'refused',
      reason: `A ${operation.kind} may not be skipped: retry it, or stand down.`,
    });
    return null;
  }
  run.answer(decision, { outcome: 'accepted', reason: null });
  const outcome = await run.carrier.call((reference) =>
    reads.settleByPerson({
      ...reference,
      step,
      operation: operation.name,
      round: run.progress.roundOf(operation.name),
      person: actor.person,
      decisionId: decision.id,
      reason: command.reason,
      how: command.kind,
    }),
  );
  run.progress.settle(outcome);
  return 'settled';
}

/** Tries to close; false when it may not be closed yet, which the person is told. */
export async function close(run: Run, decision: Decision): Promise<boolean> {
  const { command, actor } = decision;
  if (command.kind !== 'close') return false;
  for (;;) {
    const outcome = await run.carrier.call((reference) =>
      records.closeIncident({
        ...reference,
        verdict: command.verdict,
        reason: command.reason,
        person: actor.person,
        decisionId: decision.id,
        leave: command.leave,
      }),
    );
    if (outcome.kind === 'closed') {
      run.ended = true;
      run.answer(decision, { outcome: 'accepted', reason: null });
      return true;
    }
    if (outcome.kind === 'containment_open') {
      run.answer(decision, { outcome: 'refused', reason: outcome.reason });
      return false;
    }
    await run.carrier.call((reference) => records.record(reference));
  }
}
