import type { Approval, ApprovedPlan } from '../domain/approval.ts';
import { CLASS_RULES } from '../domain/approval-class.ts';
import type { NewFact } from '../domain/fact.ts';
import type { Incident } from '../domain/incident.ts';
import type { StepName } from '../domain/playbook.ts';
import { messagesFor } from './message-rows.ts';
import type { ActivityDependencies } from './dependencies.ts';
import { messageOf, planListDigest, requestedFact } from './request-approval.ts';

const APPROVALS_MAX = 200;

/** One exact thing that people are asked about outside of the playbook's own approvals. */
export interface OpenQuestion {
  /** Under which name approvals of this question are found again. */
  readonly name: string;
  readonly round: number;
  readonly step: StepName;
  readonly title: string;
  readonly plan: ApprovedPlan;
  /** Told beside that people are asked. */
  readonly facts: readonly NewFact[];
}

/** Opens an approval with the quorum of the plan's class, and tells people; all or nothing. */
export function openQuestion(
  deps: ActivityDependencies,
  incident: Incident,
  question: OpenQuestion,
): Promise<Approval> {
  const { name, round, step, title, plan, facts } = question;
  const createdAt = deps.now();
  const { quorum, expiresAfterSeconds } = CLASS_RULES[plan.approvalClass];
  return deps.store.transaction(async (tables) => {
    const approval = await tables.approvals.open({
      id: deps.newId('apr'),
      incidentId: incident.id,
      operation: name,
      round,
      title,
      approvalClass: plan.approvalClass,
      quorum,
      plans: [plan],
      planDigest: planListDigest([plan]),
      requestedBy: incident.origin.kind === 'person' ? incident.origin.by : null,
      createdAt: createdAt.toISOString(),
      expiresAt: new Date(createdAt.getTime() + expiresAfterSeconds * 1000).toISOString(),
    });
    await tables.messages.put(
      messagesFor(deps, incident.id, [messageOf(deps, incident, approval)]),
    );
    await tables.facts.append(incident.id, [
      ...facts,
      requestedFact({ step, operation: name }, approval),
    ]);
    return approval;
  });
}

/** Every approval that was opened under a name in an incident, newest first, at most 200 of the incident's. */
export async function questionsOf(
  { store }: Pick<ActivityDependencies, 'store'>,
  incidentId: string,
  name: string,
): Promise<readonly Approval[]> {
  const filter = { status: null, incidentId };
  const { items } = await store.approvals.list(filter, { cursor: null, limit: APPROVALS_MAX });
  return items.filter(({ operation }) => operation === name);
}
