import { DECISION_KINDS, obstacleTo, rolesOf } from '../domain/admission.ts';
import type { Approval } from '../domain/approval.ts';
import type { DecisionKind } from '../domain/decision.ts';
import type { Incident } from '../domain/incident.ts';
import { isPassedOver, type OperationResult, type OperationRow } from '../domain/operation.ts';
import type { PossibleCommand } from './schema/decision.ts';
import { API_PREFIX } from './schema/value.ts';

/** What the list of possible commands is computed from. */
export interface Situation {
  readonly incident: Incident;
  /** Open approvals of the incident. */
  readonly approvals: readonly Approval[];
  /** Newest result of each operation. */
  readonly results: readonly OperationResult[];
  /** Every effect of the incident. */
  readonly operations: readonly OperationRow[];
}

const TITLES: Readonly<Record<DecisionKind, string>> = {
  approve: 'Approve exactly these plans',
  reject: 'Reject these plans',
  acknowledge: 'Say that you have seen it',
  note: 'Write a note on the timeline',
  severity: 'Change the severity',
  'hand-over': 'Hand the incident to somebody',
  pause: 'Stop before the next operation',
  resume: 'Go on',
  retry: 'Try what failed again',
  skip: 'Go on without an operation',
  'mark-done': 'Say that you have done an operation by hand',
  targets: 'Choose the model that this is about',
  cancel: 'Stop here and keep containment',
  'stand-down': 'Plan the way back, newest change first',
  close: 'Close with a verdict',
};

const ARGUMENTS: Readonly<Record<Exclude<DecisionKind, 'approve' | 'reject'>, string>> = {
  acknowledge: '',
  note: ' "TEXT"',
  severity: ' sev1|sev2|sev3|sev4 --reason "WHY"',
  'hand-over': ' PERSON',
  pause: ' --reason "WHY"',
  resume: '',
  retry: '',
  skip: ' OPERATION --reason "WHY"',
  'mark-done': ' OPERATION --reason "WHY"',
  targets: ' MODEL --reason "WHY"',
  cancel: ' --reason "WHY"',
  'stand-down': ' --reason "WHY"',
  close: ' --verdict confirmed|false_positive|expected_change|inconclusive --reason "WHY"',
};

/** Names of these commands in the CLI where they differ from the API's. */
const CLI_NAMES: Readonly<Partial<Record<DecisionKind, string>>> = {
  acknowledge: 'ack',
  'hand-over': 'handover',
};

type SteeringKind = Exclude<DecisionKind, 'approve' | 'reject'>;

function steering(kind: SteeringKind, id: string, operation: string | null): PossibleCommand {
  const words = ARGUMENTS[kind];
  const argument = operation === null ? words : words.replace('OPERATION', operation);
  return {
    command: kind,
    title: operation === null ? TITLES[kind] : `${TITLES[kind]}: ${operation}`,
    cli: `firebreak incident ${CLI_NAMES[kind] ?? kind} ${id}${argument}`,
    http: `POST ${API_PREFIX}/incidents/${id}/${kind}`,
    roles: rolesOf(kind),
  };
}

function answers(approval: Approval): readonly PossibleCommand[] {
  return (['approve', 'reject'] as const).map((kind) => ({
    command: kind,
    title: `${TITLES[kind]}: ${approval.title}`,
    cli:
      `firebreak approval ${kind} ${approval.id} --plan-digest ${approval.planDigest}` +
      (kind === 'reject' ? ' --reason "WHY"' : ''),
    http: `POST ${API_PREFIX}/approvals/${approval.id}/decision`,
    roles: approval.quorum.roles.length > 0 ? approval.quorum.roles : rolesOf(kind),
  }));
}

/** Commands by which a run goes on: none does before its model is known, nor after everything was taken back. */
const GOING_ON: ReadonlySet<SteeringKind> = new Set<SteeringKind>([
  'resume',
  'retry',
  'skip',
  'mark-done',
]);

/** True when effects began and every one of them was taken back. */
function isStoodDown(operations: readonly OperationRow[]): boolean {
  const begun = operations.filter(({ applySequence }) => applySequence !== null);
  return begun.length > 0 && begun.every(({ state }) => state === 'reverted');
}

/** True when the command, though admissible, would be refused or would not help as things stand. */
function pointless(kind: SteeringKind, { incident, operations }: Situation): boolean {
  const isKnown = incident.targets?.status === 'resolved';
  const isOver = !isKnown || (incident.state === 'held' && isStoodDown(operations));
  switch (kind) {
    case 'acknowledge':
      return incident.acknowledgedBy !== null;
    case 'targets':
      return isKnown;
    case 'stand-down':
      return isOver;
    default:
      return isOver && GOING_ON.has(kind) && !incident.paused && incident.state !== 'stuck';
  }
}

/**
 * What people can do now, with the exact words for CLI and HTTP: answers to open approvals first, then commands.
 * The same rules decide about admission, so nothing listed here is refused for the incident's state.
 */
export function possibleCommands(situation: Situation): readonly PossibleCommand[] {
  const { incident, approvals, results } = situation;
  const unsettled = results.filter(
    ({ outcome, value }) =>
      (outcome === 'failed' || outcome === 'inconclusive') && !isPassedOver(value),
  );
  return DECISION_KINDS.flatMap((kind): readonly PossibleCommand[] => {
    if (obstacleTo(kind, incident) !== null) return [];
    if (kind === 'reject') return [];
    if (kind === 'approve') return approvals.filter((a) => a.status === 'open').flatMap(answers);
    if (pointless(kind, situation)) return [];
    if (kind === 'skip' || kind === 'mark-done') {
      return unsettled.map(({ operation }) => steering(kind, incident.id, operation));
    }
    if (kind === 'retry' && unsettled.length === 0 && incident.state !== 'held') return [];
    return [steering(kind, incident.id, null)];
  });
}
