import { continueAsNew, sleep } from '@temporalio/workflow';
import type { Outcome } from '../domain/incident.ts';
import type { Phase } from '../domain/incident.ts';
import {
  flatten,
  isRead,
  type PlaybookOperation,
  type PlaybookStep,
  type ReadOperation,
  type StepName,
} from '../domain/playbook.ts';
import { confirmAlert } from './confirm-alert.ts';
import { hold, type HoldEnd, type HoldReason } from './await-decision.ts';
import type { IncidentInput } from './messages.ts';
import { reads } from './proxies.ts';
import { runOperation, runReads } from './run-operation.ts';
import { runStretch, type StretchEnd } from './run-stretch.ts';
import type { Run } from './run.ts';
import { whilePaused } from './while-paused.ts';

const PHASES: Readonly<Record<StepName, Phase>> = {
  isolate: 'containment',
  audit: 'containment',
  revert: 'eradication',
  forensics: 'eradication',
  redeploy: 'recovery',
};

/** Runs the five steps; `closed` when a person closed a held incident on the way. */
export async function runPlaybook(run: Run): Promise<'done' | 'closed'> {
  for (const step of run.loaded.pinned.playbook.steps) {
    const end = await runStep(run, step);
    if (end === 'closed') return 'closed';
  }
  return 'done';
}

async function runStep(run: Run, step: PlaybookStep): Promise<'done' | 'closed'> {
  run.step = step.name;
  run.startHold();
  noteEarlierHolds(run, step);
  run.set({ step: step.name, phase: PHASES[step.name] });
  run.tellOnce(`step/${step.name}/started`, {
    kind: 'step.started',
    summary: `Step ${step.name} began.`,
    operation: null,
  });
  let whole = true;
  for (let index = 0; index < step.operations.length;) {
    const end = await gatekeep(run, step.name);
    if (end === 'closed') return 'closed';
    const rest = step.operations.slice(index);
    const stretch: StretchEnd = whole ? await runStretch(run, step.name, rest) : 'none';
    whole = stretch !== 'stalled';
    if (stretch !== 'none') continue;
    const batch = batchAt(run, step.operations, index);
    if (batch.length === 0) {
      index += 1;
      continue;
    }
    await runBatch(run, step.name, batch);
    const failed = batch.find((operation) => {
      const outcome = run.progress.outcomeOf(operation.name);
      return outcome !== undefined && !run.passes(operation, outcome);
    });
    if (failed && (await holdAt(run, step.name, failed)) === 'closed') return 'closed';
    // What succeeded is passed over the next time round; what was retried or cut short is run again.
    if (batch.every((operation) => passed(run, operation))) index += batch.length;
  }
  return endStep(run, step);
}

/** What an earlier run changed in this step still has its hold time to pass, unless the step has ended. */
function noteEarlierHolds(run: Run, step: PlaybookStep): void {
  if (run.hasTold(`step/${step.name}/ended`)) return;
  for (const { name } of flatten(step.operations)) {
    run.noteHold(run.progress.outcomeOf(name)?.holdMs ?? 0);
  }
}

function passed(run: Run, operation: PlaybookOperation): boolean {
  const outcome = run.progress.outcomeOf(operation.name);
  return outcome !== undefined && run.passes(operation, outcome);
}

/** Neighbouring reads go together; everything else alone. Empty when what is here is settled already. */
function batchAt(
  run: Run,
  operations: readonly PlaybookOperation[],
  index: number,
): readonly PlaybookOperation[] {
  const first = operations[index];
  if (!first || passed(run, first)) return [];
  if (!isRead(first)) return [first];
  const end = operations.findIndex((operation, at) => at > index && !isRead(operation));
  return operations.slice(index, end === -1 ? undefined : end);
}

async function runBatch(
  run: Run,
  step: StepName,
  batch: readonly PlaybookOperation[],
): Promise<void> {
  const readable = batch.filter((operation): operation is ReadOperation => isRead(operation));
  if (readable.length === batch.length) {
    run.operation = readable[0]?.name ?? null;
    // A failure that Postgres already knows is not looked at again before a person said so.
    const failed = readable.some(
      (read) => run.progress.outcomeOf(read.name) !== undefined && !passed(run, read),
    );
    if (!failed) await runReads(run, step, readable);
    return;
  }
  const [operation] = batch;
  if (operation && run.progress.outcomeOf(operation.name) === undefined) {
    if (!(await confirmAlert(run, operation))) return;
    await runOperation(run, step, operation);
  }
}

async function holdAt(run: Run, step: StepName, operation: PlaybookOperation): Promise<HoldEnd> {
  const outcome = run.progress.outcomeOf(operation.name);
  const reason = `${operation.title}: ${outcome?.reason ?? outcome?.outcome ?? 'not run'}`;
  return hold(run, { step, operation, reason });
}

/** Between operations: pause, cancel and continue-as-new take effect here. */
async function gatekeep(run: Run, step: StepName): Promise<HoldEnd | 'go'> {
  const stopped = stopOf(run);
  if (stopped !== null) {
    const end = await hold(run, { step, operation: null, reason: stopped });
    if (end === 'closed') return end;
  }
  if (run.isPaused()) {
    await whilePaused(run);
    if (run.cancelled !== null) return gatekeep(run, step);
  }
  if (run.shouldContinueAsNew) {
    const { input } = run;
    const next: IncidentInput = { ...input, carried: run.carriedState() };
    await continueAsNew<(input: IncidentInput) => Promise<unknown>>(next);
  }
  return 'go';
}

function stopOf(run: Run): string | null {
  if (run.stoodDown) return 'its effects were taken back';
  return run.cancelled === null ? null : `cancelled: ${run.cancelled.reason}`;
}

async function endStep(run: Run, step: PlaybookStep): Promise<'done' | 'closed'> {
  if ((await confirmStep(run, step)) === 'closed') return 'closed';
  const outcome = stepOutcome(run, step);
  run.tellOnce(`step/${step.name}/ended`, {
    kind: 'step.ended',
    summary: `Step ${step.name} ended: ${outcome}.`,
    data: { outcome },
  });
  run.carrier.announce({
    purpose: `step/${step.name}`,
    subject: `${step.name}: ${outcome}`,
    text: `Step ${step.name} of ${run.loaded.title} ended: ${outcome}.`,
    mail: false,
  });
  tellContained(run, step);
  if (outcome === 'succeeded' && step.name === 'revert' && isIsolated(run)) tellStabilised(run);
  return 'done';
}

/**
 * After its hold time everything that the step changed is looked at once more. What did not hold is held for a
 * person: looked at again when they retry, left out when they settled it themselves.
 */
async function confirmStep(run: Run, step: PlaybookStep): Promise<'done' | 'closed'> {
  const except: string[] = [];
  for (;;) {
    const lapsed = await lapsedIn(run, step, except);
    if (lapsed === null) return 'done';
    const { operation, reason } = lapsed;
    const before = operation && run.progress.outcomeOf(operation.name);
    const end = await hold(run, { step: step.name, operation, reason });
    if (end === 'closed') return 'closed';
    if (end === 'settled' && operation) except.push(operation.name);
    else if (before) run.progress.settle(before);
  }
}

/** What of a step does not hold after its hold time; null when nothing was changed, or all of it holds. */
async function lapsedIn(
  run: Run,
  step: PlaybookStep,
  except: readonly string[],
): Promise<Pick<HoldReason, 'operation' | 'reason'> | null> {
  const { holdMs } = run;
  if (holdMs === 0) return null;
  await sleep(holdMs);
  const seen = await run.carrier.call((reference) =>
    reads.confirmStep({ ...reference, step: step.name, except }),
  );
  if (seen.outcome === 'succeeded' || run.observing) return null;
  return {
    operation: operationIn(step, seen.operation ?? null),
    reason: `after its hold time: ${seen.reason ?? seen.outcome}`,
  };
}

function operationIn(step: PlaybookStep, name: string | null): PlaybookOperation | null {
  return flatten(step.operations).find((operation) => operation.name === name) ?? null;
}

/** A step is as good as its operations: one that a person passed over is no success. */
function stepOutcome(run: Run, step: PlaybookStep): Outcome {
  const outcomes = step.operations.map(
    ({ name }): Outcome => run.progress.outcomeOf(name)?.outcome ?? 'not_run',
  );
  if (isUnproven(run, step)) return 'inconclusive';
  for (const bad of ['failed', 'inconclusive', 'not_run'] as const) {
    if (outcomes.includes(bad)) return bad;
  }
  return outcomes.every((outcome) => outcome === 'skipped') ? 'skipped' : 'succeeded';
}

/**
 * Contained is what probes have seen, in whichever step: a step that ended well proves nothing by itself, and one
 * that did not may be followed by one that contains. What a person passed over is no proof.
 */
function tellContained(run: Run, step: PlaybookStep): void {
  const proofs = flatten(step.operations)
    .filter((operation) => operation.kind === 'probe' && operation.proves === 'containment')
    .map(({ name }) => run.progress.outcomeOf(name)?.outcome)
    .filter((outcome) => outcome !== 'skipped');
  const holds = proofs.length > 0 && proofs.every((outcome) => outcome === 'succeeded');
  if (!holds || isUnproven(run, step)) return;
  const told = run.tellOnce('containment/verified', {
    kind: 'containment.verified',
    summary: 'Contained: independent probes see nothing served by the suspect.',
    data: { probes: proofs.length },
  });
  if (told) run.set({ containedAt: new Date().toISOString() });
}

/** True when a person went on without an operation of the step, or without proof of it. */
function isUnproven(run: Run, step: PlaybookStep): boolean {
  return flatten(step.operations).some(
    ({ name }) => run.progress.outcomeOf(name)?.passedOver === true,
  );
}

/** True when the suspect was seen to be contained, or everything that should isolate it succeeded. */
function isIsolated(run: Run): boolean {
  const isolate = run.loaded.pinned.playbook.steps.find(({ name }) => name === 'isolate');
  const outcome = isolate ? stepOutcome(run, isolate) : 'not_run';
  return run.hasTold('containment/verified') || ['succeeded', 'skipped'].includes(outcome);
}

function tellStabilised(run: Run): void {
  run.carrier.quiet = true;
  const now = new Date().toISOString();
  run.set({ restoredAt: now, stabilisedAt: now });
  run.tellOnce('incident/stabilised', {
    kind: 'incident.stabilised',
    summary: 'Stabilised: the known-good state serves; what is left does not page.',
  });
}
