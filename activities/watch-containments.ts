import { toAppError } from '../domain/error.ts';
import { newFact, type NewFact } from '../domain/fact.ts';
import { keyText, type OperationRow } from '../domain/operation.ts';
import { credentialOfStep, type WritingCredential } from '../domain/credential.ts';
import type { WatchInput, WatchOutcome } from './activity.ts';
import { messagesFor } from './message-rows.ts';
import { askToGoOn, mayWriteAgain, moverText } from './contested-containment.ts';
import type { ActivityDependencies, Attempt } from './dependencies.ts';
import { actionOf, effectContext } from './effect.ts';
import { forEachAtMost } from './fan-out.ts';
import { isTakenOver } from './guard.ts';
import { look } from './look-again.ts';
import { LEASE_MS } from './plan-apply-verify.ts';
import { demand, missingCredential } from './served.ts';

/** Containments looked at in one round; more wait for the next. */
const CONTAINMENTS_MAX = 1_000;
const AT_ONCE = 8;

/**
 * Looks at every containment in force, over all incidents. What lapsed is stated, written again where the action
 * can (level-set), and its incident woken; leases of what holds are renewed. Whoever brings it back is named and
 * written against only so often: then people are asked.
 */
export async function watchContainments(
  deps: ActivityDependencies,
  attempt: Attempt,
  input: WatchInput = {},
): Promise<WatchOutcome> {
  const { credential, unserved = [] } = input;
  if (credential !== undefined) demand(deps, [credential]);
  const all = await deps.store.operations.containments(CONTAINMENTS_MAX);
  const rows = all.filter(
    ({ step }) => credential === undefined || credentialOfStep(step) === credential,
  );
  const elsewhere = new Set<WritingCredential>();
  const ends = await forEachAtMost(AT_ONCE, rows, (row) =>
    watchOne({ deps, attempt, row, unserved, elsewhere }),
  );
  const { startWithinMs } = deps;
  return {
    looked: rows.length,
    lapsed: ends.filter((lapsed) => lapsed).length,
    ...(elsewhere.size === 0
      ? {}
      : { elsewhere: { startWithinMs, credentials: [...elsewhere].sort() } }),
  };
}

interface Watching {
  readonly deps: ActivityDependencies;
  readonly attempt: Attempt;
  readonly row: OperationRow;
  readonly unserved: readonly WritingCredential[];
  /** Gathers the credentials that have to write something again and are not ours. */
  readonly elsewhere: Set<WritingCredential>;
}

/** True when it had lapsed. */
async function watchOne(watching: Watching): Promise<boolean> {
  const { deps, attempt, row } = watching;
  attempt.heartbeat(keyText(row));
  const verdict = await look(deps, attempt, row);
  if (isOver(row.leftUntil, deps.now())) {
    await expire(watching);
    return verdict.holds !== 'yes';
  }
  if (verdict.holds === 'yes') {
    await keep(watching);
    return false;
  }
  if (await isTakenOver(deps, row)) return false;
  if (!(await lapse(watching, verdict.reason))) return false;
  if (verdict.holds === 'no') await restore(watching);
  else if (leaseEnded(watching)) await escalate(watching, `nobody can tell: ${verdict.reason}`);
  return true;
}

function isOver(until: string | null, now: Date): boolean {
  return until !== null && Date.parse(until) <= now.getTime();
}

/** True when its lease ran out: nobody saw it hold for so long, because of us or of the other side. */
function leaseEnded({ deps, row }: Watching): boolean {
  return row.leftOwner === null && isOver(row.leaseUntil, deps.now());
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

function newLease({ deps }: Watching): string {
  return new Date(deps.now().getTime() + LEASE_MS).toISOString();
}

/** It holds: the lease is renewed, and what had lapsed by itself counts as contained again. */
async function keep(watching: Watching): Promise<void> {
  const { deps, row } = watching;
  if (leaseEnded(watching)) await tellGap(watching, 'It holds.');
  await deps.store.operations.renewLease(row, newLease(watching));
  if (row.state !== 'unverified') return;
  await recordRestored(watching, {
    summary: `Holds again: ${row.plan.summary}`,
    data: { holds: 'yes' },
  });
}

/** Between the end of the lease and now nobody looked: what it was like then stays unknown, and is said to be. */
async function tellGap(watching: Watching, now: string): Promise<void> {
  const { deps, row } = watching;
  const since = row.leaseUntil ?? '';
  await deps.store.transaction(async (tables) => {
    await tables.facts.append(row.incidentId, [
      {
        ...fact(watching, {
          kind: 'containment.unwatched',
          summary: `Not seen since before ${since}, when its lease ended; looked at again. ${now}`,
          data: { leaseUntil: since },
        }),
        key: `effect/${keyText(row)}/containment.unwatched/${since}`,
      },
    ]);
  });
}

async function recordRestored(
  watching: Watching,
  words: Pick<NewFact, 'summary' | 'data'>,
): Promise<void> {
  const { deps, row } = watching;
  const change = { reason: null, leaseUntil: newLease(watching) };
  await deps.store.transaction(async (tables) => {
    if (!(await tables.operations.move(row, ['unverified'], 'verified', change))) return;
    await tables.facts.append(row.incidentId, [
      fact(watching, { kind: 'containment.restored', ...words }),
    ]);
  });
}

/** States that it does not hold, once for the same reason, and wakes its incident. False when it is no more in force. */
async function lapse(watching: Watching, reason: string): Promise<boolean> {
  const { deps, row } = watching;
  if (row.state === 'unverified' && row.reason === reason) return true;
  if (leaseEnded(watching)) await tellGap(watching, 'It does not hold, or cannot be seen.');
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
  const { deps, row } = watching;
  const { ensure } = actionOf(deps, row);
  if (!ensure) return escalate(watching, 'it lapsed and cannot be written again by itself');
  if (missingCredential(deps, row) !== null) return leaveToOthers(watching);
  if (!(await mayWriteAgain(deps, row))) return askToGoOn(deps, row);
  try {
    const receipt = await writeAgain(watching, ensure);
    await tellMove(watching, receipt.movedBy ?? null);
  } catch (error) {
    await escalate(watching, toAppError(error).message);
  }
}

/** Another process has the credential; when none has, people are told. */
async function leaveToOthers(watching: Watching): Promise<void> {
  const credential = credentialOfStep(watching.row.step);
  if (!watching.unserved.includes(credential)) watching.elsewhere.add(credential);
  else await escalate(watching, `no process has the credential '${credential}' to write it again`);
}

type Ensure = NonNullable<ReturnType<typeof actionOf>['ensure']>;

/** Counted before it is written: an attempt that dies half-way has been one. */
async function writeAgain({ deps, attempt, row }: Watching, ensure: Ensure): ReturnType<Ensure> {
  const { operations, incidents } = deps.store;
  await operations.countRestore(row);
  const { fence } = await operations.nextFence(row);
  const incident = await incidents.get(row.incidentId);
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
  const receipt = await ensure(row.input, row.plan, context);
  if (receipt.movedBy !== undefined) await operations.nameMover(row, receipt.movedBy);
  return receipt;
}

/** Tells who moved it, and whether it holds now; what still moves is looked at in the next round. */
async function tellMove(watching: Watching, movedBy: string | null): Promise<void> {
  const { deps, attempt, row } = watching;
  const { holds } = await look(deps, attempt, row);
  if (holds === 'no') return escalate(watching, 'it was written again and does not hold');
  const mover = moverText({ movedBy });
  if (holds === 'yes') {
    await recordRestored(watching, {
      summary: `Restored: ${row.plan.summary} Moved by ${mover}.`,
      data: { movedBy, holds },
    });
  }
  await tell(watching, {
    purpose: 'moved',
    subject: `Moved back, written again: ${row.operation}`,
    text: `${mover} had moved it.`,
    mail: false,
  });
}

/** What was left in place at close has come to its end: it stays, nobody writes it again, its owner decides. */
async function expire(watching: Watching): Promise<void> {
  const { deps, row } = watching;
  const [owner, until] = [row.leftOwner ?? 'nobody', row.leftUntil ?? ''];
  await deps.store.transaction(async (tables) => {
    await tables.facts.append(row.incidentId, [
      {
        ...fact(watching, {
          kind: 'containment.expired',
          summary: `Left in place until ${until}, which is over: ${owner} decides what becomes of it.`,
          data: { owner, until },
        }),
        key: `effect/${keyText(row)}/containment.expired/${until}`,
      },
    ]);
  });
  await tell(watching, {
    purpose: `expired/${until}`,
    subject: `Its time is over: ${row.operation}`,
    text: `It was left in place until ${until}. It stays as it is, and is not written again when somebody moves it.`,
    mail: true,
  });
}

async function escalate(watching: Watching, reason: string): Promise<void> {
  await tell(watching, {
    purpose: 'lapsed',
    subject: `Not contained: ${watching.row.operation}`,
    text: `It does not hold on ${watching.row.target}: ${reason}`,
    mail: true,
  });
}

/** One message of a purpose for each containment: the same is not said twice. */
async function tell(
  { deps, row }: Watching,
  message: {
    readonly purpose: string;
    readonly subject: string;
    readonly text: string;
    readonly mail: boolean;
  },
): Promise<void> {
  const { purpose, subject, text, mail } = message;
  const incident = await deps.store.incidents.get(row.incidentId);
  const owner = row.leftOwner ?? incident?.owner ?? incident?.targets?.entry?.owner ?? 'on-call';
  await deps.store.messages.put(
    messagesFor(deps, row.incidentId, [
      {
        purpose: `${purpose}/${row.operation}/${row.target}/${row.round.toString()}`,
        subject,
        text: `${row.plan.summary}\n${text}\nOwner: ${owner}.`,
        mail,
      },
    ]),
  );
}
