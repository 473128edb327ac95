import { newFact } from '../domain/fact.ts';
import { keyText } from '../domain/operation.ts';
import type { UndoInput, UndoOutcome } from './activity.ts';
import { begin } from './carry.ts';
import type { ActivityDependencies, Attempt } from './dependencies.ts';
import { STAND_DOWN } from './approval-question.ts';
import { revertRow } from './revert.ts';

/** Runs an approved stand-down: newest first, from the rows' own plans, never stopping at a failure. */
export async function standDown(
  deps: ActivityDependencies,
  attempt: Attempt,
  input: UndoInput,
): Promise<UndoOutcome> {
  const incident = await begin(deps, input);
  const stack = await deps.store.operations.undoStack(incident.id);
  const failed: string[] = [];
  let reverted = 0;
  for (const row of stack) {
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
  // What an earlier attempt of this activity took back counts as well.
  const all = await deps.store.operations.ofIncident(incident.id);
  const done = all.filter(({ state }) => state === 'reverted').length;
  await deps.store.facts.append(incident.id, [
    newFact({
      key: `stand-down/${input.approvalId}/done`,
      kind: 'stand-down.done',
      operation: STAND_DOWN,
      summary:
        failed.length === 0
          ? `Stood down: ${done.toString()} effects are taken back.`
          : `Stood down but for ${failed.length.toString()}: ${failed.join('; ')}`,
      data: { failed },
    }),
  ]);
  return { outcome: failed.length === 0 ? 'succeeded' : 'failed', reverted, failed };
}
