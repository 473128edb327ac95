import type { StepName } from '../domain/playbook.ts';
import { glances, reads, records } from './proxies.ts';
import type { Run } from './run.ts';

const CLAIM_LOOK_MS = 30_000;
const CLAIM_WAIT_MAX_MS = 30 * 60_000;
const ESCALATIONS_MAX = 20;

/** What is asked about: the approval operation, or the stand-down (no step). */
export interface ApprovalQuestion {
  readonly step: StepName | null;
  readonly name: string;
  readonly covers: readonly string[];
}

/** How an approval ended, as the run goes on from it. */
export type ApprovalEnd =
  | { readonly kind: 'approved'; readonly approvalId: string }
  /** Nothing had to be asked: everything covered is settled or was passed over. */
  | {
      readonly kind: 'nothing-to-ask';
      readonly outcome: 'succeeded' | 'skipped';
      readonly reason: string;
    }
  /** The plan was voided: ask again in a new round. */
  | { readonly kind: 'again'; readonly reason: string }
  | {
      readonly kind: 'refused';
      readonly outcome: 'failed' | 'inconclusive';
      readonly reason: string;
    };

/**
 * Waits while another incident holds the target, visibly, on wake signals and a timer. Answers false when it
 * waited long enough for a person to be asked.
 */
export async function waitForClaim(run: Run, operation: string, by: string): Promise<boolean> {
  const started = Date.now();
  const before = run.waiting;
  run.waiting = { kind: 'claim', operation, by };
  run.tellOnce(`claim/${operation}/${run.roundOf(operation).toString()}/blocked-by/${by}`, {
    kind: 'claim.blocked',
    operation,
    summary: `Waiting: incident ${by} holds the target.`,
    data: { by },
  });
  const wakes = run.wakeCount;
  await run.until(() => run.wakeCount > wakes || run.cancelled !== null, CLAIM_LOOK_MS);
  run.waiting = before;
  return Date.now() - started < CLAIM_WAIT_MAX_MS && run.cancelled === null;
}

/** Plans what is covered, opens the approval and waits for people; never approves by itself. */
// eslint-disable-next-line complexity -- one case per member of a closed set, or one guard after the other; splitting hides the order.
export async function awaitApproval(run: Run, question: ApprovalQuestion): Promise<ApprovalEnd> {
  const rounds = Object.fromEntries(question.covers.map((name) => [name, run.roundOf(name)]));
  const round = run.roundOf(question.name);
  const blockedSince = Date.now();
  for (;;) {
    const { step, name: operation } = question;
    const attempt = await run.attempt((reference) =>
      reads.requestApproval({ ...reference, step, operation, round, rounds }),
    );
    if ('failure' in attempt) {
      return { kind: 'refused', outcome: 'inconclusive', reason: attempt.failure };
    }
    const asked = attempt.value;
    switch (asked.kind) {
      case 'open':
        return waitForPeople(run, question, asked);
      case 'blocked': {
        const again = await waitForClaim(run, question.name, asked.by);
        if (again && Date.now() - blockedSince < CLAIM_WAIT_MAX_MS) break;
        return {
          kind: 'refused',
          outcome: 'inconclusive',
          reason: `incident ${asked.by} holds the target`,
        };
      }
      case 'nothing-to-ask':
        return {
          kind: 'nothing-to-ask',
          outcome: asked.outcome === 'skipped' ? 'skipped' : 'succeeded',
          reason: asked.reason ?? 'nothing to change',
        };
      case 'failed':
        return {
          kind: 'refused',
          outcome: asked.outcome === 'failed' ? 'failed' : 'inconclusive',
          reason: asked.reason,
        };
    }
  }
}

/** A cancel calls off what the playbook asks. A stand-down is the way out of a cancelled incident, and goes on. */
function isCalledOff(run: Run, { step }: ApprovalQuestion): boolean {
  return step !== null && run.cancelled !== null;
}

interface OpenApproval {
  readonly approvalId: string;
  readonly expiresAt: string;
  readonly escalateAfterSeconds: number;
}

async function waitForPeople(
  run: Run,
  question: ApprovalQuestion,
  open: OpenApproval,
): Promise<ApprovalEnd> {
  const { approvalId } = open;
  const before = run.waiting;
  run.waiting = { kind: 'approval', approvalId, operation: question.name };
  const end = await askUntilAnswered(run, question, open);
  run.waiting = before;
  run.settledApprovals.add(approvalId);
  return end;
}

async function askUntilAnswered(
  run: Run,
  question: ApprovalQuestion,
  open: OpenApproval,
): Promise<ApprovalEnd> {
  const expires = Date.parse(open.expiresAt);
  for (let rung = 0; rung <= ESCALATIONS_MAX;) {
    const answer = await glances.approvalStatus({ approvalId: open.approvalId });
    if (answer.status === 'approved') return { kind: 'approved', approvalId: open.approvalId };
    if (answer.status === 'rejected') {
      return { kind: 'refused', outcome: 'failed', reason: answer.reason ?? 'rejected' };
    }
    if (answer.status !== 'open') {
      return { kind: 'again', reason: answer.reason ?? 'the approval was voided' };
    }
    const seen = run.decidedApprovals;
    const remaining = expires - Date.now();
    const patience = Math.min(open.escalateAfterSeconds * 1000 * 2 ** rung, remaining);
    const moved = await run.until(
      () => run.decidedApprovals > seen || isCalledOff(run, question),
      Math.max(patience, 0),
    );
    if (isCalledOff(run, question)) return giveUp(run, open, 'void', 'the incident was cancelled');
    if (Date.now() >= expires) return giveUp(run, open, 'expired', 'nobody approved in time');
    if (!moved) {
      rung += 1;
      escalate(run, question, open, rung);
    }
  }
  return giveUp(run, open, 'expired', 'nobody answered');
}

// eslint-disable-next-line max-params -- the pieces have no common noun.
function escalate(run: Run, question: ApprovalQuestion, open: OpenApproval, rung: number): void {
  run.tell({
    key: `approval/${open.approvalId}/escalated/${rung.toString()}`,
    kind: 'approval.escalated',
    operation: question.name,
    summary: `Nobody has answered ${question.name} yet (reminder ${rung.toString()}).`,
    data: { approvalId: open.approvalId, rung },
  });
  run.announce({
    purpose: `approval/${open.approvalId}/reminder/${rung.toString()}`,
    subject: `Approval waiting: ${question.name}`,
    text: `${run.loaded.title}: ${question.name} still waits for approval ${open.approvalId}.`,
    mail: true,
  });
}

// eslint-disable-next-line max-params -- the pieces have no common noun.
async function giveUp(
  run: Run,
  open: OpenApproval,
  status: 'void' | 'expired',
  reason: string,
): Promise<ApprovalEnd> {
  await run.call((reference) =>
    records.voidApproval({ ...reference, approvalId: open.approvalId, status, reason }),
  );
  return { kind: 'refused', outcome: 'inconclusive', reason };
}
