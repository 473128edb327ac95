import { atLeast } from '../domain/approval.ts';
import type { EvaluationContext } from '../domain/evaluation.ts';
import { newFact } from '../domain/fact.ts';
import type { Incident } from '../domain/incident.ts';
import type {
  ActionOperation,
  PinnedPlaybook,
  PlaybookOperation,
  StepName,
} from '../domain/playbook.ts';
import { messagesFor } from './message-rows.ts';
import type { ActivityDependencies, Attempt } from './dependencies.ts';
import { isWanted } from './evaluation.ts';
import { draftPlan, jobsOf } from './plan-effect.ts';

/** Plans that people are told before they may veto; more of a step are told when their turn comes. */
const PLANS_TOLD_MAX = 50;

/** What people are told before the first effect that goes on by itself. */
export interface VetoQuestion {
  readonly deps: ActivityDependencies;
  readonly attempt: Attempt;
  readonly incident: Incident;
  readonly pinned: PinnedPlaybook;
  readonly step: StepName;
  readonly context: EvaluationContext;
}

/**
 * Tells people what the step would do by itself and until when they may veto it; answers that time, RFC 3339. Once an
 * incident: a second call answers the stored time.
 */
export async function openVeto(question: VetoQuestion): Promise<string> {
  const { deps, incident, step } = question;
  const plans = await plansOf(question);
  return deps.store.transaction(async (tables) => {
    const locked = await tables.incidents.lock(incident.id);
    if (locked.vetoUntil !== null) return locked.vetoUntil;
    const until = new Date(deps.now().getTime() + locked.vetoSeconds * 1000).toISOString();
    const id = incident.id;
    const text = [
      `${incident.title}: at ${until} Firebreak goes on by itself:`,
      ...plans.map((plan) => `• ${plan}`),
      `Veto, and each effect waits for somebody: firebreak incident veto ${id} --reason "WHY"`,
    ].join('\n');
    const subject = `Veto until ${until}: ${incident.title}`;
    await tables.incidents.change(id, { vetoUntil: until });
    await tables.messages.put(
      messagesFor(deps, id, [{ purpose: `veto/${until}`, subject, text, mail: true }]),
    );
    await tables.facts.append(id, [
      newFact({
        key: `veto/${until}`,
        kind: 'incident.veto-opened',
        step,
        summary: `Until ${until} any responder may veto; then it goes on by itself.`,
        data: { until, plans },
      }),
    ]);
    return until;
  });
}

/** What the step would do by itself, as sentences; what cannot be planned yet is named. */
async function plansOf(question: VetoQuestion): Promise<readonly string[]> {
  const { pinned, step } = question;
  const operations = pinned.playbook.steps.find(({ name }) => name === step)?.operations ?? [];
  const alone = operations.flatMap((operation): readonly PlaybookOperation[] =>
    operation.kind === 'parallel' ? operation.operations : [operation],
  );
  const plans: string[] = [];
  for (const operation of alone.slice(0, PLANS_TOLD_MAX)) {
    if (operation.kind !== 'action' || !atLeast(operation.approvalClass, 'R1')) continue;
    plans.push(...(await planned(question, operation)));
  }
  return plans;
}

async function planned(
  question: VetoQuestion,
  operation: ActionOperation,
): Promise<readonly string[]> {
  const { deps, attempt, incident, step, context } = question;
  try {
    if (!isWanted(operation, context)) return [];
    const plans: string[] = [];
    for (const job of jobsOf(deps, { incident, step, operation, round: 1 }, context)) {
      plans.push((await draftPlan(deps, attempt, { job, earlier: [] })).plan.summary);
    }
    return plans;
  } catch {
    // It depends on what has not happened yet, or cannot be read now: its own turn tells why.
    return [`${operation.title} (planned when its turn comes)`];
  }
}
