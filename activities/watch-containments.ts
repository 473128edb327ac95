import { toAppError } from '../domain/error.ts';
import { newFact, type NewFact } from '../domain/fact.ts';
import { keyText, type OperationRow } from '../domain/operation.ts';
import type { WatchOutcome } from './activity.ts';
import { messagesFor } from './carry.ts';
import type { ActivityDependencies, Attempt } from './dependencies.ts';
import { actionOf, effectContext } from './effect.ts';
import { forEachAtMost } from './fan-out.ts';
import { isTakenOver } from './guard.ts';
import { look } from './look-again.ts';
import { LEASE_MS } from './plan-apply-verify.ts';

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

interface Watching {
  readonly deps: ActivityDependencies;
  readonly attempt: Attempt;
  readonly row: OperationRow;
}

/** True when it had lapsed. */
async function watchOne(
  deps: ActivityDependencies,
  attempt: Attempt,
  row: OperationRow,
): Promise<boolean> {
  const watching: Watching = { deps, attempt, row };
  attempt.heartbeat(keyText(row));
  const verdict = await look(deps, attempt, row);
  if (verdict.holds === 'yes') {
    await keep(watching);
    return false;
  }
  // What cannot be probed is inconclusive: stated when it changes, not at every look.
  if (verdict.holds === 'unknown' && row.reason === verdict.reason) return true;
  if (await isTakenOver(deps, row)) return false;
  if (!(await lapse(watching, verdict.reason))) return false;
  if (verdict.holds === 'no') await restore(watching);
  return true;
}

function fact(
  { attempt, row }: Watching,
  words: Pick<NewFact, 'kind' | 'summary' | 'data'>,
): NewFact {
  return newFact({
    key: `effect/${keyText(row)}/${words.kind}/${attempt.scheduledAt.toISOString()}`,
    step: row.step,
    operation: row.operation,
    target: row.target,
    ...words,
  });
}

/** It holds: the lease is renewed, and what had lapsed by itself counts as contained again. */
async function keep(watching: Watching): Promise<void> {
  const { deps, row } = watching;
  const until = new Date(deps.now().getTime() + LEASE_MS).toISOString();
  await deps.store.operations.renewLease(row, until);
  if (row.state !== 'unverified') return;
  await recordRestored(watching, {
    summary: `Holds again: ${row.plan.summary}`,
    data: { holds: 'yes' },
  });
}

async function recordRestored(
  watching: Watching,
  words: Pick<NewFact, 'summary' | 'data'>,
): Promise<void> {
  const { deps, row } = watching;
  await deps.store.transaction(async (tables) => {
    if (!(await tables.operations.move(row, ['unverified'], 'verified', { reason: null }))) return;
    await tables.facts.append(row.incidentId, [
      fact(watching, { kind: 'containment.restored', ...words }),
    ]);
  });
}

async function lapse(watching: Watching, reason: string): Promise<boolean> {
  const { deps, row } = watching;
  return deps.store.transaction(async (tables) => {
    const states = ['applied', 'verified', 'unverified'] as const;
    const moved = await tables.operations.move(row, states, 'unverified', { reason });
    if (!moved) return false;
    await tables.outbox.add({ kind: 'wake-incident', incidentId: row.incidentId });
    await tables.facts.append(row.incidentId, [
      fact(watching, {
        kind: 'containment.lapsed',
        summary: `Not contained: ${reason}`,
        data: { reason },
      }),
    ]);
    return true;
  });
}

async function restore(watching: Watching): Promise<void> {
  const { deps, attempt, row } = watching;
  const { ensure } = actionOf(deps, row);
  if (!ensure) return escalate(deps, row, 'it lapsed and cannot be written again by itself');
  const { fence } = await deps.store.operations.nextFence(row);
  const incident = await deps.store.incidents.get(row.incidentId);
  const context = effectContext(deps, attempt, {
    key: row,
    generation: incident?.generation ?? row.generation,
    fence,
    approvalId: row.approvalId,
    digest: row.planDigest,
    listedAs: row.operation,
    needsApproval: false,
    ensures: true,
  });
  try {
    const receipt = await ensure(row.input, row.plan, context);
    const { holds } = await look(deps, attempt, row);
    if (holds !== 'yes') {
      await escalate(deps, row, 'it was written again and does not hold');
      return;
    }
    await recordRestored(watching, {
      summary: `Restored: ${row.plan.summary}`,
      data: { movedBy: receipt.origin, holds },
    });
    if (fence > MOVES_BEFORE_ESCALATION) await escalate(deps, row, 'somebody moves it back');
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
