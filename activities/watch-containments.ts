import { toAppError } from '../domain/error.ts';
import { newFact, type NewFact } from '../domain/fact.ts';
import { keyText, type OperationRow } from '../domain/operation.ts';
import type { WatchOutcome } from './activity.ts';
import { messagesFor } from './carry.ts';
import type { ActivityDependencies, Attempt } from './dependencies.ts';
import { actionOf, effectContext } from './effect.ts';
import { forEachAtMost } from './fan-out.ts';
import { isTakenOver } from './guard.ts';
import { LEASE_MS, look } from './plan-apply-verify.ts';

/** Containments looked at in one round; more wait for the next. */
const CONTAINMENTS_MAX = 1_000;
const AT_ONCE = 8;
/** Restored so often, it becomes a person's business. */
const MOVES_BEFORE_ESCALATION = 2;

/**
 * Looks at every containment in force, over all incidents. What lapsed is stated, written again where the action
 * can (level-set), and its incident woken; leases of what holds are renewed.
 */
export async function watchContainments(
  deps: ActivityDependencies,
  attempt: Attempt,
): Promise<WatchOutcome> {
  const rows = await deps.store.operations.containments(CONTAINMENTS_MAX);
  const ends = await forEachAtMost(AT_ONCE, rows, (row) => watchOne(deps, attempt, row));
  return { looked: rows.length, lapsed: ends.filter((lapsed) => lapsed).length };
}

/** True when it had lapsed. */
async function watchOne(
  deps: ActivityDependencies,
  attempt: Attempt,
  row: OperationRow,
): Promise<boolean> {
  attempt.heartbeat(keyText(row));
  const verdict = await look(deps, attempt, row);
  if (verdict.holds === 'yes') {
    const until = new Date(deps.now().getTime() + LEASE_MS).toISOString();
    await deps.store.operations.renewLease(row, until);
    return false;
  }
  // What cannot be probed is inconclusive: stated when it changes, not at every look.
  if (verdict.holds === 'unknown' && row.reason === verdict.reason) return true;
  if (await isTakenOver(deps, row)) return false;
  if (!(await lapse(deps, row, attempt, verdict.reason))) return false;
  if (verdict.holds === 'no') await restore(deps, attempt, row);
  return true;
}

function moment(attempt: Attempt): string {
  return attempt.scheduledAt.toISOString();
}

function fact(
  row: OperationRow,
  attempt: Attempt,
  words: Pick<NewFact, 'kind' | 'summary' | 'data'>,
): NewFact {
  return newFact({
    key: `effect/${keyText(row)}/${words.kind}/${moment(attempt)}`,
    step: row.step,
    operation: row.operation,
    target: row.target,
    ...words,
  });
}

// eslint-disable-next-line max-params -- the pieces have no common noun.
async function lapse(
  deps: ActivityDependencies,
  row: OperationRow,
  attempt: Attempt,
  reason: string,
): Promise<boolean> {
  return deps.store.transaction(async (tables) => {
    const states = ['applied', 'verified', 'unverified'] as const;
    const moved = await tables.operations.move(row, states, 'unverified', { reason });
    if (!moved) return false;
    await tables.outbox.add({ kind: 'wake-incident', incidentId: row.incidentId });
    await tables.facts.append(row.incidentId, [
      fact(row, attempt, {
        kind: 'containment.lapsed',
        summary: `Not contained: ${reason}`,
        data: { reason },
      }),
    ]);
    return true;
  });
}

async function restore(
  deps: ActivityDependencies,
  attempt: Attempt,
  row: OperationRow,
): Promise<void> {
  const { ensure } = actionOf(deps, row);
  if (!ensure) return escalate(deps, row, 'it lapsed and cannot be written again by itself');
  const { fence } = await deps.store.operations.nextFence(row);
  const context = effectContext(deps, attempt, {
    key: row,
    generation: row.generation,
    fence,
    approvalId: row.approvalId,
    digest: row.planDigest,
    listedAs: row.operation,
    needsApproval: false,
    ensures: true,
  });
  try {
    const receipt = await ensure(row.input, row.plan, context);
    const again = await look(deps, attempt, row);
    const held = again.holds === 'yes';
    await deps.store.transaction(async (tables) => {
      if (held) await tables.operations.move(row, ['unverified'], 'verified', { reason: null });
      await tables.facts.append(row.incidentId, [
        fact(row, attempt, {
          kind: 'containment.restored',
          summary: held ? `Restored: ${row.plan.summary}` : 'Written again, but it does not hold.',
          data: { movedBy: receipt.origin, holds: again.holds },
        }),
      ]);
    });
    if (fence > MOVES_BEFORE_ESCALATION || !held)
      await escalate(deps, row, 'somebody moves it back');
  } catch (error) {
    await escalate(deps, row, toAppError(error).message);
  }
}

async function escalate(
  deps: ActivityDependencies,
  row: OperationRow,
  reason: string,
): Promise<void> {
  await deps.store.messages.put(
    messagesFor(deps, row.incidentId, [
      {
        purpose: `lapsed/${row.operation}/${row.target}/${row.round.toString()}`,
        subject: `Not contained: ${row.operation}`,
        text: `${row.plan.summary}\nIt does not hold on ${row.target}: ${reason}`,
        mail: true,
      },
    ]),
  );
}
