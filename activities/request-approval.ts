import type { Approval, ApprovedPlan } from '../domain/approval.ts';
import { quorumWith, raisedClass } from '../domain/approval-class.ts';
import { AppError, toAppError } from '../domain/error.ts';
import { newFact, type NewFact } from '../domain/fact.ts';
import type { Incident } from '../domain/incident.ts';
import { effectsOf } from '../domain/legal-hold.ts';
import { cardPurpose } from '../domain/message.ts';
import type { OperationResult } from '../domain/operation.ts';
import { digestOf } from '../evidence/digest.ts';
import type { Tables } from '../store/tables.ts';
import type { ApprovalInput, ApprovalOutcome } from './activity.ts';
import {
  coveredQuestion,
  ESCALATES_AFTER_SECONDS,
  standDownQuestion,
  type Asking,
  type Question,
} from './approval-question.ts';
import { begin } from './carry.ts';
import { refuseHeld } from './held.ts';
import { messagesFor } from './message-rows.ts';
import type { ActivityDependencies, Attempt } from './dependencies.ts';
import { isRetryable } from './failure.ts';
import { admitDraft, claimFor, plannedFact, storeDraft, type Draft } from './plan-effect.ts';

/** Plans what an approval covers, and opens it with every row, claim and fact in one transaction. */
export async function requestApproval(
  deps: ActivityDependencies,
  attempt: Attempt,
  input: ApprovalInput,
): Promise<ApprovalOutcome> {
  const incident = await begin(deps, input);
  const asking: Asking = { deps, attempt, input, incident };
  const open = await openedBefore(asking);
  if (open) return open;
  try {
    const question =
      input.step === null ? await standDownQuestion(asking) : await coveredQuestion(asking);
    if (question === null) return await skip(asking);
    if (question.drafts.length === 0 && question.plans.length === 0) {
      return { kind: 'nothing-to-ask', outcome: 'succeeded', reason: 'nothing is left to change' };
    }
    if (incident.mode === 'observe') return await wouldHave(asking, question);
    return await ask(asking, question);
  } catch (error) {
    if (isRetryable(error)) throw error;
    return { kind: 'failed', outcome: 'failed', reason: toAppError(error).message };
  }
}

async function openedBefore(asking: Asking): Promise<ApprovalOutcome | null> {
  const { deps, input } = asking;
  const page = await deps.store.approvals.list(
    { status: null, incidentId: input.incidentId },
    { cursor: null, limit: 200 },
  );
  const known = page.items.find(
    (approval) => approval.operation === input.operation && approval.round === input.round,
  );
  return known ? opened(known, ESCALATES_AFTER_SECONDS) : null;
}

function opened(approval: Approval, escalateAfterSeconds: number): ApprovalOutcome {
  const { id, expiresAt } = approval;
  return { kind: 'open', approvalId: id, expiresAt, escalateAfterSeconds };
}

/** Nobody is asked about what the incident's playbook does not want here. */
async function skip({ deps, attempt, input, incident }: Asking): Promise<ApprovalOutcome> {
  const { step, operation, round } = input;
  const reason = 'its condition does not hold';
  if (step !== null) {
    const fact = newFact({
      key: `operation/${operation}/${round.toString()}/skipped`,
      kind: 'operation.skipped',
      step,
      operation,
      summary: `Skipped ${operation}: ${reason}.`,
    });
    const result: OperationResult = {
      incidentId: incident.id,
      step,
      operation,
      round,
      outcome: 'skipped',
      reason,
      value: null,
      startedAt: attempt.scheduledAt.toISOString(),
      settledAt: deps.now().toISOString(),
    };
    await deps.store.results.put(result, [fact]);
  }
  return { kind: 'nothing-to-ask', outcome: 'skipped', reason };
}

async function wouldHave(asking: Asking, question: Question): Promise<ApprovalOutcome> {
  const facts = question.drafts.map((draft): NewFact => ({
    ...plannedFact(draft),
    kind: 'operation.would-have',
  }));
  if (facts.length > 0) {
    await asking.deps.store.transaction((tables) => tables.facts.append(asking.incident.id, facts));
  }
  return { kind: 'nothing-to-ask', outcome: 'skipped', reason: 'observe mode: nobody is asked' };
}

function planOf(draft: Draft): ApprovedPlan {
  const { job, plan, planDigest } = draft;
  return {
    operation: job.operation,
    target: job.target,
    round: job.round,
    digest: planDigest,
    summary: plan.summary,
    action: job.use,
    approvalClass: job.approvalClass,
    undo: plan.undo,
  };
}

/** What people approve: the digest of the list of exact plans. */
export function planListDigest(plans: readonly ApprovedPlan[]): string {
  return digestOf(
    plans.map(({ operation, target, round, digest }) => ({ operation, target, round, digest })),
  );
}

/** Raises `refused` when a legal hold forbids what rows that are listed as they are would do, or their undo. */
async function refuseListed(
  { deps, incident }: Pick<Asking, 'deps' | 'incident'>,
  tables: Tables,
  plans: readonly ApprovedPlan[],
): Promise<void> {
  if (plans.length === 0) return;
  const rows = await tables.operations.ofIncident(incident.id);
  for (const { row, direction } of effectsOf(plans, rows)) {
    await refuseHeld(deps, tables, { incident, effect: row, direction });
  }
}

/** Weighs and stores what is asked about; raises `Blocked`, and `refused` for what a legal hold forbids. Answers the plans as they are asked for. */
async function storePlans(
  { deps, incident }: Asking,
  tables: Tables,
  { question, approvalId }: { readonly question: Question; readonly approvalId: string },
): Promise<readonly Draft[]> {
  const { drafts, bound } = question;
  await refuseListed({ deps, incident }, tables, question.plans);
  // Before any claim, as everywhere: who holds a claim's lock never waits for those who reserve.
  if (drafts.some(({ plan }) => plan.takes !== undefined)) {
    await tables.isolations.standing(incident.id, { countUpTo: 0, reserving: true });
  }
  const stored: Draft[] = [];
  for (const draft of drafts) {
    const admitted = await admitDraft(deps, tables, draft);
    if ('blockedBy' in admitted) throw new Blocked(admitted.blockedBy, draft);
    await storeDraft(tables, admitted.weighed, { approvalId, facts: [] });
    stored.push(admitted.weighed);
  }
  for (const row of bound) {
    const kept = await tables.operations.move(row, [row.state], row.state, { approvalId });
    if (!kept) throw new AppError('unavailable', `${row.operation} moved on meanwhile.`);
  }
  return stored;
}

/** What the approval is called: with the cap that people are asked about, where one raised the class. */
function titleOf(question: Question, drafts: readonly Draft[]): string {
  const caps = [...new Set(drafts.flatMap(({ cap }) => (cap === null ? [] : [cap])))];
  return caps.length === 0 ? question.title : `${question.title} (${caps.join('; ')})`;
}

/** Who may not be the only one to approve it: who wants the stand-down, else who opened the incident by hand. */
async function askedBy({ input, incident }: Asking, tables: Tables): Promise<string | null> {
  const opener = incident.origin.kind === 'person' ? incident.origin.by : null;
  if (input.step !== null) return opener;
  const decisions = await tables.decisions.ofIncident(incident.id);
  const wanted = decisions.findLast(
    ({ command, outcome }) => command.kind === 'stand-down' && outcome === 'accepted',
  );
  return wanted?.actor.person ?? opener;
}

async function ask(asking: Asking, question: Question): Promise<ApprovalOutcome> {
  const { deps, input, incident } = asking;
  const createdAt = deps.now();
  const id = deps.newId('apr');
  const open = async (tables: Tables): Promise<ApprovalOutcome> => {
    const drafts = await storePlans(asking, tables, { question, approvalId: id });
    const plans = [...drafts.map(planOf), ...question.plans];
    const approvalClass = raisedClass(
      question.approvalClass,
      ...plans.map((plan) => plan.approvalClass),
    );
    const approval = await tables.approvals.open({
      id,
      incidentId: incident.id,
      operation: input.operation,
      round: input.round,
      title: titleOf(question, drafts),
      approvalClass,
      quorum: quorumWith(approvalClass, question.roles),
      plans,
      planDigest: planListDigest(plans),
      requestedBy: await askedBy(asking, tables),
      createdAt: createdAt.toISOString(),
      expiresAt: new Date(createdAt.getTime() + question.expiresAfterSeconds * 1000).toISOString(),
    });
    const message = { ...messageOf(deps, incident, approval), mail: input.quiet !== true };
    await tables.messages.put(messagesFor(deps, incident.id, [message]));
    await tables.facts.append(incident.id, [
      ...drafts.map(plannedFact),
      requestedFact(input, approval),
    ]);
    return opened(approval, question.escalateAfterSeconds);
  };
  return deps.store.transaction(open).catch(async (error: unknown): Promise<ApprovalOutcome> => {
    if (!(error instanceof Blocked)) throw error;
    // Asked once more outside the transaction that was rolled back: this leaves word whom to wake.
    await claimFor(deps.store, error.draft);
    return { kind: 'blocked', by: error.by };
  });
}

/** Rolls the transaction back: another incident holds a target. */
class Blocked extends Error {
  readonly by: string;
  readonly draft: Draft;

  constructor(by: string, draft: Draft) {
    super('blocked');
    this.by = by;
    this.draft = draft;
  }
}

/** What people are told of an approval that waits for them. */
export function messageOf(
  deps: ActivityDependencies,
  incident: Incident,
  approval: Approval,
): { purpose: string; subject: string; text: string; mail: boolean } {
  const lines = approval.plans.map((plan) => `• ${plan.summary} (undo: ${plan.undo})`);
  return {
    purpose: cardPurpose(approval.id),
    subject: `Approval needed (${approval.approvalClass}): ${approval.title}`,
    text: [
      `${incident.title}: ${approval.title}`,
      ...lines,
      `Who: ${approval.quorum.roles.join(' and ')}. Until ${approval.expiresAt}.`,
      `Decide: firebreak approval show ${approval.id} · ${deps.baseUrl}/api/v1/approvals/${approval.id}`,
    ].join('\n'),
    mail: true,
  };
}

/** The fact that an approval was asked for. */
export function requestedFact(
  input: Pick<ApprovalInput, 'step' | 'operation'>,
  approval: Approval,
): NewFact {
  return newFact({
    key: `approval/${approval.id}/requested`,
    kind: input.step === null ? 'stand-down.planned' : 'approval.requested',
    step: input.step,
    operation: input.operation,
    summary: `${approval.title}: ${approval.plans.length.toString()} plans wait for ${approval.quorum.roles.join(' and ')}.`,
    data: {
      approvalId: approval.id,
      class: approval.approvalClass,
      planDigest: approval.planDigest,
      people: approval.quorum.people,
      roles: approval.quorum.roles,
      expiresAt: approval.expiresAt,
      plans: approval.plans.map(({ operation, target, summary, digest }) => ({
        operation,
        target,
        summary,
        digest,
      })),
    },
  });
}
