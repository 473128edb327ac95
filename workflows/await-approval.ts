import type { ApprovalAnswer, ApprovalOutcome } from '../activities/activity.ts';
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
  run.tellOnce(
    `claim/${operation}/${run.progress.roundOf(operation).toString()}/blocked-by/${by}`,
    {
      kind: 'claim.blocked',
      operation,
      summary: `Waiting: incident ${by} holds the target.`,
      data: { by },
    },
  );
  const wakes = run.wakeCount;
  await run.until(() => run.wakeCount > wakes || run.cancelled !== null, CLAIM_LOOK_MS);
  run.waiting = before;
  return Date.now() - started < CLAIM_WAIT_MAX_MS && run.cancelled === null;
}

/** Plans what is covered, opens the approval and waits for people; never approves by itself. */
export async function awaitApproval(run: Run, question: ApprovalQuestion): Promise<ApprovalEnd> {
  const blockedSince = Date.now();
  for (;;) {
    const asked = await ask(run, question);
    if (asked.kind === 'open') return waitForPeople(run, question, asked);
    if (asked.kind !== 'blocked') return endOf(asked);
    const again = await waitForClaim(run, question.name, asked.by);
    if (again && Date.now() - blockedSince < CLAIM_WAIT_MAX_MS) continue;
    const reason = `incident ${asked.by} holds the target`;
    return { kind: 'refused', outcome: 'inconclusive', reason };
  }
}

async function ask(run: Run, question: ApprovalQuestion): Promise<ApprovalOutcome> {
  const { step, name: operation, covers } = question;
  const round = run.progress.roundOf(operation);
  const rounds = Object.fromEntries(covers.map((name) => [name, run.progress.roundOf(name)]));
  const attempt = await run.carrier.attempt((reference) =>
    reads.requestApproval({
      ...reference,
      step,
      operation,
      round,
      rounds,
      ...(run.carrier.quiet ? { quiet: true } : {}),
    }),
  );
  return 'failure' in attempt
    ? { kind: 'failed', outcome: 'inconclusive', reason: attempt.failure }
    : attempt.value;
}

/** How an approval ends that nobody has to answer. */
function endOf(
  asked: Extract<ApprovalOutcome, { readonly kind: 'nothing-to-ask' | 'failed' }>,
): ApprovalEnd {
  if (asked.kind === 'failed') {
    const outcome = asked.outcome === 'failed' ? 'failed' : 'inconclusive';
    return { kind: 'refused', outcome, reason: asked.reason };
  }
  const outcome = asked.outcome === 'skipped' ? 'skipped' : 'succeeded';
  return { kind: 'nothing-to-ask', outcome, reason: asked.reason ?? 'nothing to change' };
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
  // An approved one takes late yeses: the last of a quorum may be read in Postgres before it is delivered here.
  if (end.kind !== 'approved') run.endedApprovals.add(approvalId);
  return end;
}

/** What a settled approval means for the run; null while it is open. */
function answerOf({ approvalId }: OpenApproval, answer: ApprovalAnswer): ApprovalEnd | null {
  const { status, reason } = answer;
  switch (status) {
    case 'open':
      return null;
    case 'approved':
      return { kind: 'approved', approvalId };
    case 'rejected':
      return { kind: 'refused', outcome: 'failed', reason: reason ?? 'rejected' };
    case 'void':
    case 'expired':
      return { kind: 'again', reason: reason ?? 'the approval was voided' };
  }
}

async function askUntilAnswered(
  run: Run,
  question: ApprovalQuestion,
  open: OpenApproval,
): Promise<ApprovalEnd> {
  const expires = Date.parse(open.expiresAt);
  for (let rung = 0; rung <= ESCALATIONS_MAX;) {
    const { approvalId } = open;
    const status = await glances.approvalStatus({ ...run.carrier.asking, approvalId });
    const answered = answerOf(open, status);
    if (answered !== null) return answered;
    const seen = run.decidedApprovals;
    const remaining = expires - Date.now();
    const patience = Math.min(open.escalateAfterSeconds * 1000 * 2 ** rung, remaining);
    const moved = await run.until(
      () => run.decidedApprovals > seen || isCalledOff(run, question),
      Math.max(patience, 0),
    );
    if (isCalledOff(run, question)) {
      return giveUp(run, open, { status: 'void', reason: 'the incident was cancelled' });
    }
    if (Date.now() >= expires) break;
    if (!moved) {
      rung += 1;
      escalate(run, { question, open, rung });
    }
  }
  return giveUp(run, open, { status: 'expired', reason: 'nobody approved in time' });
}

interface Escalation {
  readonly question: ApprovalQuestion;
  readonly open: OpenApproval;
  /** How often nobody has answered so far. */
  readonly rung: number;
}

function escalate(run: Run, { question, open, rung }: Escalation): void {
  run.tell({
    key: `approval/${open.approvalId}/escalated/${rung.toString()}`,
    kind: 'approval.escalated',
    operation: question.name,
    summary: `Nobody has answered ${question.name} yet (reminder ${rung.toString()}).`,
    data: { approvalId: open.approvalId, rung },
  });
  run.carrier.announce({
    purpose: `approval/${open.approvalId}/reminder/${rung.toString()}`,
    subject: `Approval waiting: ${question.name}`,
    text: `${run.loaded.title}: ${question.name} still waits for approval ${open.approvalId}.`,
    mail: true,
  });
}

async function giveUp(
  run: Run,
  open: OpenApproval,
  { status, reason }: { readonly status: 'void' | 'expired'; readonly reason: string },
): Promise<ApprovalEnd> {
  await run.carrier.call((reference) =>
    records.voidApproval({ ...reference, approvalId: open.approvalId, status, reason }),
  );
  return { kind: 'refused', outcome: 'inconclusive', reason };
}
