import { patched } from '@temporalio/workflow';
import type { Stage, StretchOutcome } from '../activities/activity.ts';
import { credentialOf, type Credential } from '../domain/credential.ts';
import {
  findOperation,
  isEffect,
  isRead,
  type LeafOperation,
  type PlaybookOperation,
  type StepName,
} from '../domain/playbook.ts';
import { byCredential } from './by-credential.ts';
import { awaitsConfirmation } from './confirm-alert.ts';
import type { Run } from './run.ts';

/** Histories that began without stretches go on without them; lean ones need no mark. */
const PATCH = 'run-stretch';

/** How a stretch ended. */
export type StretchEnd = 'none' | 'settled' | 'stalled';

/**
 * Runs what comes next in one activity, as far as nobody has to decide: reads, at most one operation that changes the
 * world, or one group, and the reads behind it. A stretch that settled nothing is `stalled`: its first operation is run
 * by itself, as where there is `none`.
 */
export async function runStretch(
  run: Run,
  step: StepName,
  operations: readonly PlaybookOperation[],
): Promise<StretchEnd> {
  const stages = nextStages(run, operations);
  const members = stages.flatMap((stage) => stage.operations);
  if (members.length < 2 || !hasStretches(run)) return 'none';
  const credential = credentialOfAll(run, members);
  if (credential === null && run.isApart()) return 'none';
  run.operation = members[0]?.name ?? null;
  const attempt = await run.carrier.attempt((reference) =>
    byCredential(run, credential, ({ runStretch: activity }) =>
      activity({ ...reference, step, stages }),
    ),
  );
  if ('failure' in attempt) return 'stalled';
  return take(run, attempt.value);
}

/** Asked only where there is a stretch to run: the answer of an older history stands in it at that place. */
function hasStretches({ input }: Run): boolean {
  return input.lean === true || patched(PATCH);
}

function take(run: Run, { settled, pending }: StretchOutcome): StretchEnd {
  for (const outcome of settled) {
    run.progress.settle(outcome);
    run.noteHold(outcome.holdMs ?? 0);
  }
  for (const { operation, since } of pending) run.progress.lookedSince(operation, since);
  return settled.length > 0 ? 'settled' : 'stalled';
}

/** The credential that these operations take, which the process that has it looks with as well; null: both. */
function credentialOfAll(run: Run, members: Stage['operations']): Credential | null {
  const { playbook } = run.loaded.pinned;
  let needed: Credential = 'read';
  if (run.observing) return needed;
  for (const { name } of members) {
    const found = findOperation(playbook, name);
    if (!found || !isEffect(found.operation)) continue;
    const credential = credentialOf(playbook, found.step, found.operation);
    if (credential === null || (needed !== 'read' && needed !== credential)) return null;
    needed = credential;
  }
  return needed;
}

/** None while the alert has to be confirmed: that comes before the first effect, and not before what only looks. */
function nextStages(run: Run, operations: readonly PlaybookOperation[]): readonly Stage[] {
  return awaitsConfirmation(run) ? [] : stagesOf(run, operations);
}

/** The stages of the next stretch; none where something stands first that is not to be passed over. */
function stagesOf(run: Run, operations: readonly PlaybookOperation[]): readonly Stage[] {
  const stages: Stage[] = [];
  let changes = false;
  for (const operation of operations) {
    const outcome = run.progress.outcomeOf(operation.name);
    if (outcome !== undefined && run.passes(operation, outcome)) continue;
    const members = outcome === undefined ? openMembersOf(run, operation) : null;
    if (members === null) break;
    const hasEffect = members.some(isEffect);
    if (hasEffect && changes) break;
    changes ||= hasEffect;
    const goesOn = operation.kind === 'parallel' && operation.onFailure === 'continue';
    const asked = members.map(({ name }) => ({ name, round: run.progress.roundOf(name) }));
    stages.push({ operations: asked, goesOn });
  }
  return stages;
}

/** What of an operation runs in a stretch; null for what needs a decision, and for a group that has begun. */
function openMembersOf(run: Run, operation: PlaybookOperation): readonly LeafOperation[] | null {
  if (operation.kind !== 'parallel') {
    return isRead(operation) || isEffect(operation) ? [operation] : null;
  }
  const begun = operation.operations.some(({ name }) => run.progress.outcomeOf(name) !== undefined);
  return begun ? null : operation.operations;
}
