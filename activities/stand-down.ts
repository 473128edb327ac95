import { credentialOfStep, WRITING_CREDENTIALS } from '../domain/credential.ts';
import { newFact } from '../domain/fact.ts';
import { keyText, type OperationRow } from '../domain/operation.ts';
import type { StandDownPart, UndoInput, UndoOutcome } from './activity.ts';
import { begin } from './carry.ts';
import type { ActivityDependencies, Attempt } from './dependencies.ts';
import { STAND_DOWN } from './approval-question.ts';
import { revertRow } from './revert.ts';
import { demand } from './served.ts';

/** From the first effect that is taken back on, what was seen of the world is no longer known: nobody is told that it still holds. */
const UNSEEN = { containedAt: null, restoredAt: null, stabilisedAt: null } as const;

/** What is taken back by one call: rows up to the first that another credential did. */
interface Share {
  readonly rows: readonly OperationRow[];
  /** Where the other credential goes on; null at the end. */
  readonly next: Pick<StandDownPart, 'credential' | 'below'> | null;
}

function shareOf(stack: readonly OperationRow[], part: StandDownPart | undefined): Share {
  if (part === undefined) return { rows: stack, next: null };
  const { below } = part;
  const left = stack.filter(({ applySequence }) => below === null || (applySequence ?? 0) < below);
  const end = left.findIndex(({ step }) => credentialOfStep(step) !== part.credential);
  const other = left[end];
  if (!other) return { rows: left, next: null };
  const next = {
    credential: credentialOfStep(other.step),
    below: (other.applySequence ?? 0) + 1,
  };
  return { rows: left.slice(0, end), next };
}

/**
 * Runs an approved stand-down: newest first, from the rows' own plans, never stopping at a failure. A part of one goes as far
 * as its credential, and says what the other one has to go on with.
 */
export async function standDown(
  deps: ActivityDependencies,
  attempt: Attempt,
  input: UndoInput,
): Promise<UndoOutcome> {
  const { part } = input;
  demand(deps, part === undefined ? WRITING_CREDENTIALS : [part.credential]);
  const incident = await begin(deps, input);
  const { rows, next } = shareOf(await deps.store.operations.undoStack(incident.id), part);
  if (rows.length > 0) await deps.store.incidents.change(incident.id, UNSEEN);
  const failed = [...(part?.failed ?? [])];
  let reverted = 0;
  for (const row of rows) {
    attempt.heartbeat(keyText(row));
    const end = await revertRow(deps, attempt, {
      row,
      generation: input.generation,
      approvalId: input.approvalId,
      listedAs: STAND_DOWN,
    });
    if (end.reverted) reverted += 1;
    else failed.push(`${row.operation} on ${end.target}: ${end.reason ?? 'not reverted'}`);
  }
  if (next) return { outcome: 'inconclusive', reverted, failed, rest: { ...next, failed } };
  await tellDone(deps, input, { incidentId: incident.id, failed });
  return { outcome: failed.length === 0 ? 'succeeded' : 'failed', reverted, failed };
}

/** Tells what a stand-down came to; what an earlier attempt of it took back counts as well. */
async function tellDone(
  { store }: ActivityDependencies,
  { approvalId }: UndoInput,
  { incidentId, failed }: { readonly incidentId: string; readonly failed: readonly string[] },
): Promise<void> {
  const all = await store.operations.ofIncident(incidentId);
  const done = all.filter(({ state }) => state === 'reverted').length;
  const isWhole = failed.length === 0;
  const summary = isWhole
    ? `Stood down: ${done.toString()} effects are taken back.`
    : `Stood down but for ${failed.length.toString()}: ${failed.join('; ')}`;
  await store.transaction(async (tables) => {
    // What it was held for before is over: nothing but its end is left to decide.
    if (isWhole) await tables.incidents.change(incidentId, { stateReason: `${summary} Close it.` });
    await tables.facts.append(incidentId, [
      newFact({
        key: `stand-down/${approvalId}/done`,
        kind: 'stand-down.done',
        operation: STAND_DOWN,
        summary,
        data: { failed },
      }),
    ]);
  });
}
