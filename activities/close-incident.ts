import { newFact, type NewFact } from '../domain/fact.ts';
import type { Incident } from '../domain/incident.ts';
import type { OperationRow, OperationState } from '../domain/operation.ts';
import type { Tables } from '../store/tables.ts';
import type { CloseInput, CloseOutcome } from './activity.ts';
import { begin } from './carry.ts';
import { messagesFor } from './message-rows.ts';
import type { ActivityDependencies } from './dependencies.ts';

const IN_FORCE: ReadonlySet<OperationState> = new Set<OperationState>([
  'applying',
  'applied',
  'verified',
  'unverified',
  'unknown',
  'reverting',
]);

/**
 * Closes, in one transaction: refuses while alerts are undrained, or while a containment is neither taken back nor
 * left in place with owner and expiry. Claims end here, but for what is left in place.
 */
export async function closeIncident(
  deps: ActivityDependencies,
  input: CloseInput,
): Promise<CloseOutcome> {
  const known = await deps.store.incidents.get(input.incidentId);
  // A retry after our own commit: it is closed already.
  if (known?.state === 'closed') return { kind: 'closed' };
  await begin(deps, input);
  return deps.store.transaction(async (tables): Promise<CloseOutcome> => {
    const incident = await tables.incidents.lock(input.incidentId);
    const left = await leave(tables, input);
    const open = await openContainments(tables, incident.id);
    const [first] = open;
    if (first) {
      const reason = `${open.length.toString()} containments are in force, first ${first.operation} on ${first.target}: stand them down, or leave each in place with owner and expiry.`;
      if (left.length > 0) await tables.facts.append(incident.id, left);
      return { kind: 'containment_open', reason };
    }
    if ((await tables.incidents.stopAccepting(incident.id)) === 'not_drained') {
      if (left.length > 0) await tables.facts.append(incident.id, left);
      return { kind: 'not_drained' };
    }
    const closed = await tables.incidents.change(incident.id, {
      state: 'closed',
      stateReason: null,
      phase: 'closed',
      verdict: input.verdict,
      closedAt: deps.now().toISOString(),
    });
    await tables.claims.release(incident.id);
    await tables.messages.put(messagesFor(deps, incident.id, [messageOf(closed, input)]));
    await tables.facts.append(incident.id, [...left, closedFact(input)]);
    return { kind: 'closed' };
  });
}

async function leave(tables: Tables, input: CloseInput): Promise<readonly NewFact[]> {
  const facts: NewFact[] = [];
  for (const one of input.leave) {
    const row = await tables.operations.leaveInPlace(input.incidentId, one);
    if (!row) continue;
    facts.push(
      newFact({
        key: `containment/left/${one.operation}/${one.target}/${input.decisionId}`,
        kind: 'containment.left',
        actor: input.person,
        operation: one.operation,
        target: one.target,
        summary: `Left in place until ${one.expiresAt}, owner ${one.owner}: ${row.plan.summary}`,
        data: { owner: one.owner, expiresAt: one.expiresAt },
        causes: [`decision/${input.decisionId}`],
      }),
    );
  }
  return facts;
}

async function openContainments(
  tables: Tables,
  incidentId: string,
): Promise<readonly OperationRow[]> {
  const rows = await tables.operations.ofIncident(incidentId);
  return rows.filter(
    (row) =>
      row.containment && IN_FORCE.has(row.state) && !row.superseded && row.leftOwner === null,
  );
}

function closedFact(input: CloseInput): NewFact {
  return newFact({
    key: `incident/closed/${input.decisionId}`,
    kind: 'incident.closed',
    actor: input.person,
    summary: `Closed as ${input.verdict} by ${input.person}: ${input.reason}`,
    data: { verdict: input.verdict, reason: input.reason },
    causes: [`decision/${input.decisionId}`],
  });
}

function messageOf(
  incident: Incident,
  input: CloseInput,
): { purpose: string; subject: string; text: string; mail: boolean } {
  return {
    purpose: 'closed',
    subject: `Closed (${input.verdict}): #${incident.number.toString()} ${incident.title}`,
    text: `${incident.title}\nVerdict: ${input.verdict}: ${input.reason}\nPostmortem: firebreak postmortem ${incident.id}`,
    mail: true,
  };
}
