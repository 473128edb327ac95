import {
  DECISION_KINDS,
  obstacleTo,
  RESUMING_ROLES,
  rolesOf,
  STEERING_ROLES,
} from '../domain/admission.ts';
import type { Approval } from '../domain/approval.ts';
import { haltedWords, haltOptions, resumeCommandOf, type Halt } from '../domain/halt.ts';
import type { Incident } from '../domain/incident.ts';
import {
  heldWords,
  RELEASE_QUORUM,
  releaseCommandOf,
  type LegalHold,
} from '../domain/legal-hold.ts';
import { isPassedOver, type OperationResult, type OperationRow } from '../domain/operation.ts';
import { findOperation, type Playbook } from '../domain/playbook.ts';
import type { PossibleCommand } from './schema/decision.ts';
import { API_PREFIX } from './schema/value.ts';

/** What the list of possible commands is computed from. */
export interface Situation {
  readonly incident: Incident;
  /** The pinned one; null before it is. */
  readonly playbook: Playbook | null;
  /** Open approvals of the incident. */
  readonly approvals: readonly Approval[];
  /** Newest result of each operation. */
  readonly results: readonly OperationResult[];
  /** Every effect of the incident. */
  readonly operations: readonly OperationRow[];
  /** Halts in force that are about it. */
  readonly halts: readonly Halt[];
  /** Legal holds in force that are on it. */
  readonly legalHolds: readonly LegalHold[];
}

type OfferedKind = (typeof DECISION_KINDS)[number];

const TITLES: Readonly<Record<OfferedKind, string>> = {
  approve: 'Approve exactly these plans',
  reject: 'Reject these plans',
  acknowledge: 'Say that you have seen it',
  note: 'Write a note on the timeline',
  severity: 'Change the severity',
  'hand-over': 'Hand the incident to somebody',
  veto: 'Be asked before each effect from now on',
  pause: 'Stop before the next operation',
  resume: 'Go on',
  retry: 'Try what failed again',
  skip: 'Go on without an operation',
  'mark-done': 'Say that you have done an operation by hand',
  targets: 'Choose the model that this is about',
  reroute: 'Go on with another playbook, from its first step',
  'target-add': 'Make an object of the inventory a target',
  'target-remove': 'Take an object out of the targets',
  cancel: 'Stop here and keep containment',
  'stand-down': 'Plan the way back, newest change first',
  close: 'Close with a verdict',
};

const ARGUMENTS: Readonly<Record<Exclude<OfferedKind, 'approve' | 'reject'>, string>> = {
  acknowledge: '',
  note: ' "TEXT"',
  severity: ' sev1|sev2|sev3|sev4 --reason "WHY"',
  'hand-over': ' PERSON --reason "WHY"',
  veto: ' --reason "WHY"',
  pause: ' --reason "WHY"',
  resume: ' --reason "WHY"',
  retry: ' --reason "WHY"',
  skip: ' OPERATION --reason "WHY"',
  'mark-done': ' OPERATION --reason "WHY"',
  targets: ' MODEL --reason "WHY"',
  reroute: ' PLAYBOOK --reason "WHY"',
  'target-add': ' CLUSTER/NAMESPACE/NAME --reason "WHY"',
  'target-remove': ' CLUSTER/NAMESPACE/NAME --reason "WHY"',
  cancel: ' --reason "WHY"',
  'stand-down': ' --reason "WHY"',
  close: ' --verdict confirmed|false_positive|expected_change|inconclusive --reason "WHY"',
};

/** Names of these commands in the CLI where they differ from the API's. */
const CLI_NAMES: Readonly<Partial<Record<OfferedKind, string>>> = {
  acknowledge: 'ack',
  'hand-over': 'handover',
  'target-add': 'target add',
  'target-remove': 'target remove',
};

type SteeringKind = Exclude<OfferedKind, 'approve' | 'reject'>;

/** The words of an argument that a command's own subject takes the place of. */
const SUBJECT = /OPERATION|CLUSTER\/NAMESPACE\/NAME/u;

function steering(kind: SteeringKind, id: string, operation: string | null): PossibleCommand {
  const words = ARGUMENTS[kind];
  const argument = operation === null ? words : words.replace(SUBJECT, operation);
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

/** The objects of which one may be taken out: never the last. */
function removable({ targets }: Incident): readonly string[] {
  const serving = targets?.entry?.serving ?? [];
  if (serving.length < 2) return [];
  return serving.map(({ cluster, namespace, name }) => `${cluster}/${namespace}/${name}`);
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

/** Lifting each halt that is about the incident; or stopping everything about it, and doing it by hand. */
function halting({ incident, halts, legalHolds }: Situation): readonly PossibleCommand[] {
  const release = legalHolds.map((hold) => ({
    command: 'release-legal-hold',
    title: `Say that the legal hold on ${heldWords(hold)} shall end`,
    cli: releaseCommandOf(hold),
    http: `POST ${API_PREFIX}/legal-holds/${hold.id}/release`,
    roles: RELEASE_QUORUM.roles,
  }));
  const lift = halts.map((halt) => ({
    command: 'resume-halt',
    title: `Lift the halt of ${haltedWords(halt)}`,
    cli: resumeCommandOf(halt),
    http: `POST ${API_PREFIX}/halts/resume`,
    roles: RESUMING_ROLES,
  }));
  if (incident.state === 'closed') return [...lift, ...release];
  const { model } = incident;
  const subject =
    model === null
      ? ({ scope: 'all', subject: null } as const)
      : ({ scope: 'model', subject: model } as const);
  const stop = {
    command: 'halt',
    title: `Halt every effect on ${haltedWords(subject)}`,
    cli: `firebreak halt ${haltOptions(subject)} --reason "WHY"`,
    http: `POST ${API_PREFIX}/halts`,
    roles: STEERING_ROLES,
  };
  const rest = {
    command: 'runbook',
    title: 'Print what is left as plain commands, to do it by hand',
    cli: `firebreak incident runbook ${incident.id}`,
    http: `GET ${API_PREFIX}/incidents/${incident.id}/runbook`,
    roles: STEERING_ROLES,
  };
  return [...lift, ...release, ...(halts.length === 0 ? [stop] : []), rest];
}

/** The operations that wait for a person. */
function unsettledOf({ results }: Situation): readonly string[] {
  return results
    .filter(
      ({ outcome, value }) =>
        (outcome === 'failed' || outcome === 'inconclusive') && !isPassedOver(value),
    )
    .map(({ operation }) => operation);
}

/** Evidence and consent are never gone without. */
function maySkip({ playbook }: Situation, name: string): boolean {
  const kind = playbook && findOperation(playbook, name)?.operation.kind;
  return kind !== 'seal' && kind !== 'approval';
}

/** A steering command as it is offered: once, for each thing that it may be about, or not at all. */
function offersOf(kind: SteeringKind, situation: Situation): readonly PossibleCommand[] {
  const { incident } = situation;
  const about = (subjects: readonly (string | null)[]): readonly PossibleCommand[] =>
    subjects.map((subject) => steering(kind, incident.id, subject));
  switch (kind) {
    case 'skip':
      return about(unsettledOf(situation).filter((name) => maySkip(situation, name)));
    case 'mark-done':
      return about(unsettledOf(situation));
    case 'target-remove':
      return about(removable(incident));
    case 'retry':
      return incident.state === 'held' || unsettledOf(situation).length > 0 ? about([null]) : [];
    default:
      return about([null]);
  }
}

/**
 * What people can do now, with the exact words for CLI and HTTP: answers to open approvals first, then commands.
 * The same rules decide about admission, so nothing listed here is refused for the incident's state.
 */
export function possibleCommands(situation: Situation): readonly PossibleCommand[] {
  const { incident, approvals } = situation;
  const decisions = DECISION_KINDS.flatMap((kind): readonly PossibleCommand[] => {
    if (kind === 'reject' || obstacleTo(kind, incident) !== null) return [];
    if (kind === 'approve') return approvals.filter((a) => a.status === 'open').flatMap(answers);
    return pointless(kind, situation) ? [] : offersOf(kind, situation);
  });
  return [...decisions, ...halting(situation)];
}
