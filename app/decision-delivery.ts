import type { Decision } from '../domain/decision.ts';
import type { Incident } from '../domain/incident.ts';
import { cardEdit } from '../domain/message.ts';
import type { Store } from '../store/tables.ts';
import type { DecisionAnswer } from '../workflows/messages.ts';
import { decisionFact } from './decision-fact.ts';
import type { EngineClient } from './engine-client.ts';
import { isRedirection, redirect, type Redirections } from './redirect.ts';

/** Where decisions are kept, and who takes them. */
interface DeliveryDependencies {
  readonly store: Store;
  readonly engine: Pick<EngineClient, 'decide' | 'terminate'>;
  readonly redirections: Redirections;
  readonly channels: { readonly slack: boolean };
}

const ACCEPTED: DecisionAnswer = { outcome: 'accepted', reason: null };

/**
 * Delivers a decision to its incident's run and settles it: `later` while there is no run to take it. One that is
 * settled already is done. Raises `unavailable` when Temporal or the database does not answer.
 */
export async function deliverDecision(
  deps: DeliveryDependencies,
  decisionId: string,
): Promise<'done' | 'later'> {
  const { decisions, incidents } = deps.store;
  const decision = await decisions.get(decisionId);
  if (decision?.outcome !== 'pending') return 'done';
  const incident = await incidents.get(decision.incidentId);
  if (!incident) return 'done';
  if (isRedirection(decision.command)) {
    await redirect(deps, decision, decision.command);
    return 'done';
  }
  const answer = await answerTo(deps, incident, decision);
  if (!answer) return 'later';
  await settle(deps, decision, answer);
  return 'done';
}

/** The answer to a decision: a note, what clocks are told, and the way out of `stuck` need no run; null while there is none. */
async function answerTo(
  { store, engine }: DeliveryDependencies,
  incident: Incident,
  decision: Decision,
): Promise<DecisionAnswer | null> {
  const { kind } = decision.command;
  if (kind === 'note' || kind === 'declare') return ACCEPTED;
  if (kind === 'resume' && incident.state === 'stuck') {
    await store.incidents.nextGeneration(incident.id, incident.generation);
    return ACCEPTED;
  }
  const answer = await engine.decide(incident, decision);
  return answer ?? answerOfClosed(await store.incidents.get(incident.id), incident, decision);
}

/** What a closed incident says to a decision whose run is gone; null when it is not closed. */
function answerOfClosed(
  now: Incident | null,
  asked: Incident,
  decision: Decision,
): DecisionAnswer | null {
  if (now?.state !== 'closed') return null;
  // A close whose answer was lost on the way: the incident says what became of it.
  const mine = decision.command.kind === 'close' && now.generation === asked.generation;
  return mine ? ACCEPTED : { outcome: 'refused', reason: 'The incident is closed.' };
}

async function settle(
  { store, channels }: DeliveryDependencies,
  decision: Decision,
  answer: DecisionAnswer,
): Promise<void> {
  const { id, incidentId, command } = decision;
  await store.transaction(async (tables) => {
    await tables.decisions.settle(id, answer.outcome, answer.reason);
    if (channels.slack && 'approvalId' in command) {
      const edit = cardEdit(command.approvalId, id);
      await tables.messages.put([{ ...edit, incidentId, channel: 'slack' }]);
    }
    await tables.facts.append(incidentId, [decisionFact(decision, answer)]);
  });
}
