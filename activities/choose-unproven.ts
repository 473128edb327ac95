import type { Approval, ApprovedPlan } from '../domain/approval.ts';
import { isAppError } from '../domain/error.ts';
import type { Candidate, KnownGood } from '../domain/known-good.ts';
import { nodeId } from '../domain/lineage.ts';
import type { KnownGoodOperation } from '../domain/playbook.ts';
import { digestOf } from '../evidence/digest.ts';
import { checkSignatures } from './guard.ts';
import { openQuestion, questionsOf } from './open-question.ts';
import type { Looking } from './sight.ts';

/** Candidates that lack proofs, as the choice found them. */
export interface UnprovenChoice {
  readonly looking: Looking<KnownGoodOperation>;
  readonly name: string;
  readonly candidates: readonly Candidate[];
  readonly unproven: KnownGood['unproven'];
}

/** What two people chose although proofs are missing. */
export interface ChosenByPeople {
  readonly candidate: Candidate;
  readonly missing: readonly string[];
  /** Ids of the people. */
  readonly chosenBy: readonly string[];
}

/** The choice as a plan: version, bytes and every gap are in its digest, so that another gap needs another answer. */
function planOf(
  { looking, name, candidates }: UnprovenChoice,
  { candidate: version, missing }: KnownGood['unproven'][number],
): ApprovedPlan {
  const { operation, round } = looking;
  const target = nodeId.model(name, version);
  const bytes = candidates.find((one) => one.version === version)?.observedDigest ?? null;
  return {
    operation: operation.name,
    target,
    round,
    digest: digestOf({ knownGood: target, bytes, missing }),
    summary: `Go back to version ${version} of ${name}, which is not proven: ${missing.join(' ')}`,
    action: 'known-good',
    approvalClass: 'R3',
    undo: 'Nothing changes by the choice alone; what is done with it has plans of its own.',
  };
}

function earlier({ deps, incident, operation }: Looking<KnownGoodOperation>) {
  return questionsOf(deps, incident.id, operation.name);
}

function isAbout(approval: Approval, plan: ApprovedPlan): boolean {
  return approval.plans.some(
    ({ target, digest }) => target === plan.target && digest === plan.digest,
  );
}

async function isSigned(choice: UnprovenChoice, approval: Approval): Promise<boolean> {
  try {
    await checkSignatures(choice.looking.deps, approval);
    return true;
  } catch (error) {
    if (isAppError(error) && error.code === 'refused') return false;
    throw error;
  }
}

async function approversOf(choice: UnprovenChoice, approval: Approval): Promise<readonly string[]> {
  const decisions = await choice.looking.deps.store.decisions.approvalsOf(approval.id);
  return [...new Set(decisions.map(({ actor }) => actor.person))].sort();
}

/** The candidate that two people chose with exactly today's gaps; null when nobody did. */
export async function chosenByPeople(choice: UnprovenChoice): Promise<ChosenByPeople | null> {
  const approvals = await earlier(choice.looking);
  for (const one of choice.unproven) {
    const plan = planOf(choice, one);
    const approved = approvals.find(
      (approval) => approval.status === 'approved' && isAbout(approval, plan),
    );
    const candidate = choice.candidates.find(({ version }) => version === one.candidate);
    if (!approved || !candidate || !(await isSigned(choice, approved))) continue;
    const chosenBy = await approversOf(choice, approved);
    return { candidate, missing: one.missing, chosenBy };
  }
  return null;
}

/**
 * Asks two people about the newest candidate that they did not reject, once for the same gaps; answers what to say of
 * it. In observe mode nobody is asked.
 */
export async function askPeople(choice: UnprovenChoice): Promise<string | null> {
  const { looking, unproven } = choice;
  if (looking.incident.mode === 'observe') return null;
  const approvals = await earlier(looking);
  const plan = unproven
    .map((one) => planOf(choice, one))
    .find((one) => !approvals.some((past) => past.status === 'rejected' && isAbout(past, one)));
  if (!plan) return 'people rejected every candidate that lacks only proofs';
  const waiting = approvals.find((past) => past.status === 'open' && isAbout(past, plan));
  const approval = waiting ?? (await ask(looking, plan));
  return `two people may choose ${plan.target} (approval ${approval.id}); then retry`;
}

function ask(looking: Looking<KnownGoodOperation>, plan: ApprovedPlan): Promise<Approval> {
  const { deps, incident, operation, round, step } = looking;
  const title = `Choose ${plan.target} as known-good without all proofs`;
  return openQuestion(deps, incident, {
    name: operation.name,
    round,
    step,
    title,
    plan,
    facts: [],
  });
}
