import type { Decision, DecisionCommand } from '../domain/decision.ts';
import type { DrillSide } from '../domain/drill.ts';
import { newFact, type NewFact } from '../domain/fact.ts';
import type { Incident } from '../domain/incident.ts';
import type { InventoryEntry, ServingObject } from '../domain/inventory.ts';
import { cardEdit } from '../domain/message.ts';
import type { PinnedPlaybook } from '../domain/playbook.ts';
import type { IncidentChange, Store, Tables } from '../store/tables.ts';
import type { DecisionAnswer } from '../workflows/messages.ts';
import { decisionFact } from './decision-fact.ts';
import type { EngineClient } from './engine-client.ts';

/** Approvals of one incident that can be open at once. */
const APPROVALS_MAX = 200;

/** What a redirected incident may be given. */
export interface Redirections {
  readonly playbooks: () => readonly PinnedPlaybook[];
  /** As it is in force now. */
  readonly inventory: (side: DrillSide) => readonly InventoryEntry[];
}

/** A command after which the incident begins again, with another playbook or other targets. */
export type Redirection = Extract<
  DecisionCommand,
  { readonly kind: 'reroute' | 'target-add' | 'target-remove' }
>;

/** True for the commands that are carried out here, not by the run. */
export function isRedirection(command: DecisionCommand): command is Redirection {
  return ['reroute', 'target-add', 'target-remove'].includes(command.kind);
}

/** What a redirection changes, or why it cannot be. */
type Change =
  | { readonly change: IncidentChange; readonly fact: Pick<NewFact, 'kind' | 'summary' | 'data'> }
  | { readonly refusal: string };

/**
 * Redirects an incident, at whatever wait or failure it stands: open plans and approvals are void, and the next
 * generation begins at the first step with what was decided. What is in force stays in force and is looked at again, not
 * done again. Change, facts, and the decision's outcome are one transaction; the old run is fenced by it.
 */
export async function redirect(
  deps: {
    readonly store: Store;
    readonly engine: Pick<EngineClient, 'terminate'>;
    readonly redirections: Redirections;
    readonly channels: { readonly slack: boolean };
  },
  decision: Decision,
  command: Redirection,
): Promise<void> {
  const { store, engine, redirections, channels } = deps;
  const left = await store.transaction(async (tables) => {
    const incident = await tables.incidents.lock(decision.incidentId);
    const answered = answerTo(redirections, incident, command);
    if ('refusal' in answered) {
      const answer: DecisionAnswer = { outcome: 'refused', reason: answered.refusal };
      await tables.decisions.settle(decision.id, answer.outcome, answer.reason);
      await tables.facts.append(incident.id, [decisionFact(decision, answer)]);
      return null;
    }
    const voided = await voidOpen({ tables, channels }, incident.id, command);
    await tables.incidents.change(incident.id, {
      ...answered.change,
      state: 'open',
      stateReason: null,
      phase: 'triage',
      step: null,
    });
    await tables.incidents.nextGeneration(incident.id, incident.generation);
    await tables.decisions.settle(decision.id, 'accepted', null);
    await tables.facts.append(incident.id, [
      decisionFact(decision, { outcome: 'accepted', reason: null }),
      ...voided,
      newFact({
        key: `redirect/${decision.id}`,
        actor: decision.actor.person,
        causes: [`decision/${decision.id}`],
        ...answered.fact,
        summary: `${decision.actor.name} ${answered.fact.summary}: ${command.reason}`,
      }),
    ]);
    return incident.generation;
  });
  if (left === null) return;
  // Fenced already; without this it would only stand in Temporal's list until its next activity is refused.
  await engine
    .terminate(decision.incidentId, left, `${command.kind} by a person`)
    .catch(() => undefined);
}

function answerTo(redirections: Redirections, incident: Incident, command: Redirection): Change {
  if (incident.state === 'closed') return { refusal: 'The incident is closed.' };
  return command.kind === 'reroute'
    ? rerouted(redirections, incident, command.playbook)
    : retargeted(redirections, incident, command);
}

function rerouted({ playbooks }: Redirections, incident: Incident, name: string): Change {
  if (incident.playbookName === name) return { refusal: `It runs ${name} already.` };
  if (!playbooks().some(({ playbook }) => playbook.name === name)) {
    return { refusal: `There is no playbook ${name}.` };
  }
  return {
    change: { playbookName: name, playbookDigest: null },
    fact: {
      kind: 'incident.rerouted',
      summary: `rerouted the incident from ${incident.playbookName} to ${name}`,
      data: { from: incident.playbookName, to: name },
    },
  };
}

type Retargeting = Exclude<Redirection, { readonly kind: 'reroute' }>;

function isSame(one: ServingObject, other: Retargeting): boolean {
  const { cluster, namespace, name } = other;
  return one.cluster === cluster && one.namespace === namespace && one.name === name;
}

function retargeted(redirections: Redirections, incident: Incident, command: Retargeting): Change {
  const { targets } = incident;
  const entry = targets?.entry;
  if (!targets || !entry) return { refusal: 'Choose the model first.' };
  const changed =
    command.kind === 'target-add'
      ? withObject(redirections.inventory(incident), entry, command)
      : withoutObject(entry, command);
  if ('refusal' in changed) return changed;
  const target = `${command.cluster}/${command.namespace}/${command.name}`;
  const words = command.kind === 'target-add' ? 'added the target' : 'removed the target';
  return {
    change: { targets: { ...targets, entry: { ...entry, serving: changed.serving } } },
    fact: {
      kind: 'targets.changed',
      summary: `${words} ${target}`,
      data: { [command.kind === 'target-add' ? 'added' : 'removed']: target },
    },
  };
}

type Serving = { readonly serving: readonly ServingObject[] } | { readonly refusal: string };

/** Only what the inventory knows can become a target: nothing else has an owner, a cluster and a container. */
function withObject(
  inventory: readonly InventoryEntry[],
  entry: InventoryEntry,
  command: Extract<Retargeting, { readonly kind: 'target-add' }>,
): Serving {
  if (entry.serving.some((one) => isSame(one, command))) {
    return { refusal: 'It is a target already.' };
  }
  const known = inventory.flatMap(({ serving }) => serving).find((one) => isSame(one, command));
  if (!known) return { refusal: 'The inventory knows no such object.' };
  return { serving: [...entry.serving, { ...known, role: command.role ?? known.role }] };
}

function withoutObject(entry: InventoryEntry, command: Retargeting): Serving {
  const serving = entry.serving.filter((one) => !isSame(one, command));
  if (serving.length === entry.serving.length) return { refusal: 'It is no target.' };
  if (serving.length > 0) return { serving };
  return { refusal: 'It is the last target: cancel the incident, or stand it down.' };
}

/** Plans that nobody began to apply, and approvals that nobody settled, are about an incident that is no more. */
async function voidOpen(
  { tables, channels }: { readonly tables: Tables; readonly channels: { readonly slack: boolean } },
  incidentId: string,
  command: Redirection,
): Promise<readonly NewFact[]> {
  const reason = `the incident was redirected (${command.kind})`;
  for (const row of await tables.operations.ofIncident(incidentId)) {
    await tables.operations.move(row, ['planned', 'approved'], 'void', { reason });
  }
  const filter = { status: 'open', incidentId } as const;
  const { items } = await tables.approvals.list(filter, { cursor: null, limit: APPROVALS_MAX });
  const facts: NewFact[] = [];
  for (const { id, operation } of items) {
    if (!(await tables.approvals.settle(id, 'void', reason))) continue;
    if (channels.slack) {
      await tables.messages.put([{ ...cardEdit(id, 'void'), incidentId, channel: 'slack' }]);
    }
    facts.push(
      newFact({
        key: `approval/${id}/void`,
        kind: 'approval.voided',
        operation,
        summary: `Approval void: ${reason}`,
        data: { approvalId: id },
      }),
    );
  }
  return facts;
}
