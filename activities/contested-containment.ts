import type { Approval, ApprovedPlan } from '../domain/approval.ts';
import { isAppError } from '../domain/error.ts';
import { newFact } from '../domain/fact.ts';
import { keyText, type OperationRow } from '../domain/operation.ts';
import { digestOf } from '../evidence/digest.ts';
import type { ActivityDependencies } from './dependencies.ts';
import { checkSignatures } from './guard.ts';
import { openQuestion, questionsOf } from './open-question.ts';

/** So often a moved containment is written again by itself; then people are asked, and each yes allows as many more. */
export const RESTORES_MAX = 2;

function questionName({ operation }: OperationRow): string {
  return `keep-${operation}`;
}

/** Who moves it, for people. */
export function moverText({ movedBy }: Pick<OperationRow, 'movedBy'>): string {
  return movedBy ?? 'somebody whom the other side does not name';
}

function isAbout({ plans }: Approval, { target, round }: OperationRow): boolean {
  return plans.some((plan) => plan.target === target && plan.round === round);
}

function planOf(row: OperationRow, asked: number): ApprovedPlan {
  const times = row.restores.toString();
  return {
    operation: questionName(row),
    target: row.target,
    round: row.round,
    digest: digestOf({ keep: keyText(row), planDigest: row.planDigest, asked }),
    summary: `Write again, ${RESTORES_MAX.toString()} times at most: ${row.plan.summary} ${moverText(row)} moved it back ${times} times.`,
    action: row.use,
    approvalClass: 'R2',
    undo: row.plan.undo,
  };
}

async function isSigned(deps: ActivityDependencies, approval: Approval): Promise<boolean> {
  try {
    await checkSignatures(deps, approval);
    return true;
  } catch (error) {
    if (isAppError(error) && error.code === 'refused') return false;
    throw error;
  }
}

/** What people were asked about this containment, newest first. */
async function askedOf(
  deps: ActivityDependencies,
  row: OperationRow,
): Promise<readonly Approval[]> {
  const questions = await questionsOf(deps, row.incidentId, questionName(row));
  return questions.filter((approval) => isAbout(approval, row));
}

/** True while it may be written again without a further yes; counted are signed yeses alone. */
export async function mayWriteAgain(
  deps: ActivityDependencies,
  row: OperationRow,
): Promise<boolean> {
  if (row.restores < RESTORES_MAX) return true;
  let allowed = RESTORES_MAX;
  for (const approval of await askedOf(deps, row)) {
    if (approval.status === 'approved' && (await isSigned(deps, approval))) allowed += RESTORES_MAX;
  }
  return row.restores < allowed;
}

/**
 * Asks whether to go on against whoever moves a containment back: once, until there is an answer. After a no nobody
 * asks again; the containment stays reported as not holding.
 */
export async function askToGoOn(deps: ActivityDependencies, row: OperationRow): Promise<void> {
  const incident = await deps.store.incidents.get(row.incidentId);
  if (incident === null || incident.state === 'closed') return;
  const all = await questionsOf(deps, row.incidentId, questionName(row));
  const [last] = all.filter((approval) => isAbout(approval, row));
  if (last && last.status !== 'approved') return;
  const asked = all.length + 1;
  const mover = moverText(row);
  await openQuestion(deps, incident, {
    name: questionName(row),
    round: asked,
    step: row.step,
    title: `${mover} brings back what ${row.operation} contains; stop it there, or let us write again`,
    plan: planOf(row, asked),
    facts: [
      newFact({
        key: `effect/${keyText(row)}/containment.contested/${asked.toString()}`,
        kind: 'containment.contested',
        step: row.step,
        operation: row.operation,
        target: row.target,
        summary: `Not contained: ${mover} moves it back; written again ${row.restores.toString()} times, now people decide.`,
        data: { movedBy: row.movedBy, restores: row.restores },
      }),
    ],
  });
}
