import { AppError } from '../domain/error.ts';
import type { OperationResult } from '../domain/operation.ts';
import {
  findOperation,
  isEffect,
  isRead,
  type LeafOperation,
  type Playbook,
} from '../domain/playbook.ts';
import { actIn } from './act.ts';
import type { OperationOutcome, Stage, StretchInput, StretchOutcome } from './activity.ts';
import { beginActing, type Begun } from './carry.ts';
import type { ActivityDependencies, Attempt } from './dependencies.ts';
import { forEachAtMost } from './fan-out.ts';
import { lookFor, passes, type Scene } from './look.ts';
import { pinnedOf } from './pinned-playbook.ts';
import { outcomeOf } from './results.ts';

/** Members of one group worked on at the same time. */
const AT_ONCE = 8;

/** How one operation of a stage ended; `pending` is a probe that may hold later, `open` an effect that waits. */
type Ended =
  | {
      readonly kind: 'settled';
      readonly outcome: OperationOutcome;
      readonly passes: boolean;
      /** What later expressions read; null where only Postgres has it. */
      readonly result: OperationResult | null;
    }
  | { readonly kind: 'pending'; readonly operation: string; readonly since: string }
  | { readonly kind: 'open' };

/**
 * Runs a stretch: each operation is settled by itself, as `look` and `act` do it, and a retry passes over what is
 * settled. What raises is raised when the others of its stage have come to their end.
 */
export async function runStretch(
  deps: ActivityDependencies,
  attempt: Attempt,
  input: StretchInput,
): Promise<StretchOutcome> {
  const begun = await beginActing(deps, input);
  const { incident, results: stored } = begun;
  const pinned = await pinnedOf(deps, incident);
  const settled: OperationOutcome[] = [];
  let known: readonly OperationResult[] = stored;
  for (const stage of input.stages) {
    const scene = { deps, attempt, incident, step: input.step, pinned, results: known };
    const ends = await forEachAtMost(AT_ONCE, stage.operations, (asked) =>
      runOne({ scene, input, begun }, asked),
    );
    for (const end of ends) if (end.kind === 'settled') settled.push(end.outcome);
    const isOver = ends.every((end) => end.kind === 'settled' && (end.passes || stage.goesOn));
    if (!isOver) return { settled, pending: ends.filter((end) => end.kind === 'pending') };
    if (stage !== input.stages.at(-1)) known = await knownAfter(scene, ends);
  }
  return { settled, pending: [] };
}

/** The results with those of one more stage: read again only where an effect was settled. */
async function knownAfter(
  { deps, incident, results }: Scene,
  ends: readonly Ended[],
): Promise<readonly OperationResult[]> {
  const added = ends.flatMap((end) =>
    end.kind === 'settled' && end.result !== null ? [end.result] : [],
  );
  if (added.length < ends.length) return deps.store.results.ofIncident(incident.id);
  return [...results, ...added];
}

interface Running {
  readonly scene: Scene;
  readonly input: StretchInput;
  readonly begun: Begun;
}

async function runOne(
  { scene, input, begun }: Running,
  { name, round }: Stage['operations'][number],
): Promise<Ended> {
  const { deps, attempt, incident, step, pinned, results } = scene;
  const operation = leafNamed(pinned.playbook, name);
  if (isEffect(operation)) {
    const { incidentId, generation } = input;
    const asked = { incidentId, generation, step, operation: name, round };
    const acting = { ...begun, deps, attempt, results };
    const outcome = await actIn({
      ...acting,
      input: { ...asked, stage: 'run', approvalId: null },
    });
    if (outcome.blockedBy !== null || outcome.first !== undefined) return { kind: 'open' };
    return {
      kind: 'settled',
      outcome,
      passes: passes(incident, operation, outcome),
      result: null,
    };
  }
  await begun.carried;
  // A probe's patience counts from here: what stands before it in the stretch may take its time.
  const since = new Date().toISOString();
  const result = await lookFor(scene, { operation, round, since });
  if (!result) return { kind: 'pending', operation: name, since };
  const outcome = outcomeOf(result);
  return { kind: 'settled', outcome, passes: passes(incident, operation, outcome), result };
}

function leafNamed(playbook: Playbook, name: string): LeafOperation {
  const operation = findOperation(playbook, name)?.operation;
  if (operation && (isRead(operation) || isEffect(operation))) return operation;
  throw new AppError('invalid', `${name} is no part of a stretch.`, { field: 'operation' });
}
