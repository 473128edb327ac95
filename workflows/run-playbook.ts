import { continueAsNew, sleep } from '@temporalio/workflow';
import type { Outcome } from '../domain/incident.ts';
import type { Phase } from '../domain/incident.ts';
import type {
  PlaybookOperation,
  PlaybookStep,
  ReadOperation,
  StepName,
} from '../domain/playbook.ts';
import { hold, type HoldEnd, type HoldReason } from './await-decision.ts';
import type { IncidentInput } from './messages.ts';
import { reads } from './proxies.ts';
import { isRead, runOperation, runReads } from './run-operation.ts';
import type { Run } from './run.ts';

const PAUSE_LOOK_MS = 24 * 3600 * 1000;

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
  run.set({ step: step.name, phase: PHASES[step.name] });
  run.tellOnce(`step/${step.name}/started`, {
    kind: 'step.started',
    summary: `Step ${step.name} began.`,
    operation: null,
  });
  for (let index = 0; index < step.operations.length;) {
    const end = await gatekeep(run, step.name);
    if (end === 'closed') return 'closed';
    const batch = batchAt(run, step.operations, index);
    if (batch.length === 0) {
      index += 1;
      continue;
    }
    await runBatch(run, step.name, batch);
    const failed = batch.find((operation) => {
      const outcome = run.outcomeOf(operation.name);
      return outcome !== undefined && !run.passes(operation, outcome);
    });
    if (failed && (await holdAt(run, step.name, failed)) === 'closed') return 'closed';
    // What succeeded is passed over the next time round; what was retried or cut short is run again.
    if (batch.every((operation) => passed(run, operation))) index += batch.length;
  }
  return endStep(run, step);
}

function passed(run: Run, operation: PlaybookOperation): boolean {
  const outcome = run.outcomeOf(operation.name);
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
      (read) => run.outcomeOf(read.name) !== undefined && !passed(run, read),
    );
    if (!failed) await runReads(run, step, readable);
    return;
  }
  const [operation] = batch;
  if (operation && run.outcomeOf(operation.name) === undefined) {
    await runOperation(run, step, operation);
  }
}

async function holdAt(run: Run, step: StepName, operation: PlaybookOperation): Promise<HoldEnd> {
  const outcome = run.outcomeOf(operation.name);
  const reason = `${operation.title}: ${outcome?.reason ?? outcome?.outcome ?? 'not run'}`;
  return hold(run, { step, operation, reason });
}

/** Between operations: pause, cancel and continue-as-new take effect here. */
async function gatekeep(run: Run, step: StepName): Promise<HoldEnd | 'go'> {
  if (run.cancelled !== null) {
    const reason: HoldReason = {
      step,
      operation: null,
      reason: `cancelled: ${run.cancelled.reason}`,
    };
    const end = await hold(run, reason);
    if (end === 'closed') return end;
  }
  if (run.isPaused()) {
    run.waiting = { kind: 'paused' };
    while (run.isPaused() && run.cancelled === null) {
      await run.until(() => !run.isPaused() || run.cancelled !== null, PAUSE_LOOK_MS);
    }
    run.waiting = null;
    if (run.cancelled !== null) return gatekeep(run, step);
  }
  if (run.shouldContinueAsNew) {
    const { input } = run;
    const next: IncidentInput = { ...input, carried: run.carriedState() };
    await continueAsNew<(input: IncidentInput) => Promise<unknown>>(next);
  }
  return 'go';
}

async function endStep(run: Run, step: PlaybookStep): Promise<'done' | 'closed'> {
  for (;;) {
    const confirmed = await confirm(run, step.name);
    if (confirmed.outcome === 'succeeded' || run.observing) break;
    const reason = `after its hold time: ${confirmed.reason ?? confirmed.outcome}`;
    const end = await hold(run, { step: step.name, operation: null, reason });
    if (end === 'closed') return 'closed';
    if (end === 'resumed') break;
  }
  const outcome = stepOutcome(run, step);
  run.tellOnce(`step/${step.name}/ended`, {
    kind: 'step.ended',
    summary: `Step ${step.name} ended: ${outcome}.`,
    data: { outcome },
  });
  run.announce({
    purpose: `step/${step.name}`,
    subject: `${step.name}: ${outcome}`,
    text: `Step ${step.name} of ${run.loaded.title} ended: ${outcome}.`,
    mail: false,
  });
  if (outcome === 'succeeded') milestones(run, step.name);
  return 'done';
}

/** After its hold time everything that the step changed is looked at once more. */
async function confirm(
  run: Run,
  step: StepName,
): Promise<{ readonly outcome: Outcome; readonly reason: string | null }> {
  const holdMs = run.holdMs;
  if (holdMs === 0) return { outcome: 'succeeded', reason: null };
  await sleep(holdMs);
  return run.call((reference) => reads.confirmStep({ ...reference, step }));
}

/** A step is as good as its operations: one that a person passed over is no success. */
function stepOutcome(run: Run, step: PlaybookStep): Outcome {
  const outcomes = step.operations.map(({ name }) => run.outcomeOf(name)?.outcome ?? 'not_run');
  for (const bad of ['failed', 'inconclusive', 'not_run'] as const) {
    if (outcomes.includes(bad)) return bad;
  }
  return outcomes.every((outcome) => outcome === 'skipped') ? 'skipped' : 'succeeded';
}

function milestones(run: Run, step: StepName): void {
  const now = new Date().toISOString();
  if (step === 'isolate') {
    run.set({ containedAt: now });
    run.tellOnce('containment/verified', {
      kind: 'containment.verified',
      summary: 'Contained: an independent probe sees nothing served by the suspect.',
    });
  }
  if (step === 'revert') {
    run.set({ restoredAt: now, stabilisedAt: now });
    run.tellOnce('incident/stabilised', {
      kind: 'incident.stabilised',
      summary: 'Stabilised: the known-good state serves; what is left does not page.',
    });
  }
}
