import type { Approval, Role } from './approval.ts';
import type { DecisionCommand, DecisionKind } from './decision.ts';
import { AppError } from './error.ts';
import type { Incident, IncidentState } from './incident.ts';
import { findOperation, type Playbook } from './playbook.ts';
import { quorumNeeded } from './approval-class.ts';
import { approvalStanding, type ApprovalObstacle, type ApproverByDoor } from './quorum.ts';

/** Every kind of decision that is offered to people, in that order; what clocks are told has a place of its own. */
export const DECISION_KINDS = [
  'approve',
  'reject',
  'acknowledge',
  'note',
  'severity',
  'hand-over',
  'veto',
  'pause',
  'resume',
  'retry',
  'skip',
  'mark-done',
  'targets',
  'reroute',
  'target-add',
  'target-remove',
  'cancel',
  'stand-down',
  'close',
] as const satisfies readonly DecisionKind[];

const APPROVER_ROLES = ['approver-security', 'approver-model-owner'] as const;
/** Roles that may answer an approval; which of them counts is the approval's own quorum. */
export const ANSWERING_ROLES = ['responder', 'commander', ...APPROVER_ROLES, 'legal'] as const;
/** Roles that may steer an incident; a viewer only looks. */
export const STEERING_ROLES = ['responder', 'commander', ...APPROVER_ROLES, 'admin'] as const;
/** Roles that may let a halted engine go on: whoever stops it need not be the one who does. */
export const RESUMING_ROLES = ['commander', 'admin'] as const;

/** Roles that may put on record what the clocks of regulators are told. */
export const DECLARING_ROLES = ['commander', 'legal', 'admin'] as const;

/** The longest time for which a containment may be left in place at close, in days. */
export const LEAVE_DAYS_MAX = 90;
const DAY_MS = 24 * 60 * 60 * 1000;

/** The roles of which a person must hold one to give a command of this kind. */
export function rolesOf(kind: DecisionKind): readonly Role[] {
  if (kind === 'declare') return DECLARING_ROLES;
  return kind === 'approve' || kind === 'reject' ? ANSWERING_ROLES : STEERING_ROLES;
}

const STATES: Readonly<Record<DecisionKind, readonly IncidentState[]>> = {
  approve: ['pending', 'open', 'held', 'stuck'],
  reject: ['pending', 'open', 'held', 'stuck'],
  acknowledge: ['pending', 'open', 'held', 'stuck'],
  // What is learned after the end belongs on the timeline too.
  note: ['pending', 'open', 'held', 'stuck', 'closed'],
  // Clocks run on after the end.
  declare: ['pending', 'open', 'held', 'stuck', 'closed'],
  severity: ['pending', 'open', 'held', 'stuck'],
  'hand-over': ['pending', 'open', 'held', 'stuck'],
  veto: ['pending', 'open', 'held', 'stuck'],
  pause: ['pending', 'open'],
  resume: ['pending', 'open', 'held', 'stuck'],
  retry: ['open', 'held'],
  skip: ['open', 'held'],
  'mark-done': ['open', 'held'],
  targets: ['pending', 'open', 'held'],
  reroute: ['open', 'held', 'stuck'],
  'target-add': ['open', 'held', 'stuck'],
  'target-remove': ['open', 'held', 'stuck'],
  cancel: ['pending', 'open', 'held', 'stuck'],
  'stand-down': ['open', 'held'],
  close: ['open', 'held', 'stuck'],
};

const VETO_OBSTACLES = {
  observe: 'The incident only observes: there is nothing to veto.',
  ask: 'The incident asks before each effect already.',
  auto: null,
} as const;

/**
 * Why a command of this kind makes no sense for the incident as it stands, as a sentence; null when it does.
 * Both the admission of decisions and the list of what people can do now read this, so they never differ.
 */
export function obstacleTo(kind: DecisionKind, incident: Incident): string | null {
  if (!STATES[kind].includes(incident.state)) {
    const reason = incident.state === 'stuck' ? '; resume it first' : '';
    return `The incident is ${incident.state}${reason}.`;
  }
  return needOf(kind, incident);
}

/** True while nothing of it goes on until a person says so. */
function stands({ paused, state }: Incident): boolean {
  return paused || state === 'held' || state === 'stuck';
}

/** What of the incident a command of this kind needs, and is not there; null when nothing is missing. */
function needOf(kind: DecisionKind, incident: Incident): string | null {
  const { paused, targets } = incident;
  switch (kind) {
    case 'veto':
      return VETO_OBSTACLES[incident.mode];
    case 'pause':
      return paused ? 'The incident is paused already.' : null;
    case 'resume':
      return stands(incident) ? null : 'The incident is running already.';
    case 'target-add':
    case 'target-remove':
      return targets?.status === 'resolved' ? null : 'Choose the model first.';
    default:
      return null;
  }
}

/** Who decides, as read under the lock: roles and standing of this moment. */
export interface Decider extends ApproverByDoor {
  readonly active: boolean;
  /** False for the bootstrap token, which approves nothing. */
  readonly canApprove: boolean;
}

/** Everything that admission looks at, read in one transaction under the lock. */
export interface AdmissionInput {
  readonly command: DecisionCommand;
  readonly decider: Decider;
  readonly incident: Incident;
  /** The approval that the command names; null for commands that name none. */
  readonly approval: Approval | null;
  /** Admitted approvals of that approval so far. */
  readonly approvers: readonly ApproverByDoor[];
  /** Since when an approver can sign in, RFC 3339; null while none can. Read for approvals only. */
  readonly approversSignInSince: string | null;
  /** The pinned playbook; null while none is pinned. */
  readonly playbook: Playbook | null;
  /** Why a legal hold forbids what would be approved; null when none does. */
  readonly legalObstacle: string | null;
  /** Why one person may not let all of it happen alone, whatever glass they broke; null when they may. Absent: nobody looked. */
  readonly beyondGlass?: string | null;
  /** RFC 3339 UTC. */
  readonly now: string;
}

/** What else the transaction of an admitted decision writes. */
export interface Admission {
  /** How the approval settles with this decision; null while it stays open, or when there is none. */
  readonly settles: {
    readonly status: 'approved' | 'rejected';
    readonly reason: string | null;
  } | null;
}

/**
 * Admits a person's command or refuses it; pure, the one arbiter of every door (API, CLI, Slack, page).
 * Raises `unauthorized` for a missing role or an inactive person, `conflict` when state or plan is not what the
 * person saw, `refused` for what a rule forbids (expiry, self-approval, skipping an approval, a legal hold), `not_found` for an
 * operation that the playbook does not have.
 */
export function admit(input: AdmissionInput): Admission {
  requireRole(input.command.kind, input.decider);
  const obstacle = obstacleTo(input.command.kind, input.incident);
  if (obstacle !== null) {
    throw new AppError('conflict', obstacle, { details: { state: input.incident.state } });
  }
  const { command } = input;
  switch (command.kind) {
    case 'approve':
    case 'reject':
      return admitAnswer(command, input);
    case 'skip':
    case 'mark-done':
      requireOperation(command, input.playbook);
      break;
    case 'close':
      for (const [index, left] of command.leave.entries()) {
        requireExpiry(left.expiresAt, input.now, `leave[${index.toString()}].expiresAt`);
      }
      break;
    default:
  }
  return { settles: null };
}

function requireRole(kind: DecisionKind, decider: Decider): void {
  const roles = rolesOf(kind);
  if (!decider.active) {
    throw new AppError('unauthorized', 'This person has been deactivated.', {
      permission: `one of ${roles.join(', ')}`,
    });
  }
  if (!decider.roles.some((role) => roles.includes(role))) {
    throw new AppError('unauthorized', `Your roles do not allow \`${kind}\`.`, {
      permission: `one of ${roles.join(', ')}`,
    });
  }
}

type Answer = Extract<DecisionCommand, { readonly kind: 'approve' | 'reject' }>;

function admitAnswer(command: Answer, input: AdmissionInput): Admission {
  const { approval, decider } = input;
  if (approval === null || approval.incidentId !== input.incident.id) {
    throw new AppError('not_found', 'There is no such approval.', { field: 'approvalId' });
  }
  requireOpen(approval, command.planDigest, input.now);
  requireApprover(approval, decider);
  if (command.kind === 'approve' && input.legalObstacle !== null) {
    throw new AppError('refused', `Refused: ${input.legalObstacle}.`, {
      details: { reason: input.legalObstacle },
    });
  }
  if (command.kind === 'reject') return { settles: { status: 'rejected', reason: command.reason } };
  requireGlass(input);
  const standing = approvalStanding(approval, [...input.approvers, decider], input);
  if (standing.met !== null) return { settles: { status: 'approved', reason: null } };
  const { obstacle } = standing;
  const words = obstacleWords(obstacle, approval);
  if (words === null) return { settles: null };
  const reason = obstacle.kind === 'door' ? obstacle.door : words;
  throw new AppError('refused', words, { details: { reason } });
}

const NOT_LOOKED_AT = 'what it reaches was not looked at';

/** A yes as one of several counts once; one with the glass broken has to reach everything that it would let happen. */
function requireGlass({ approvers, decider, beyondGlass = NOT_LOOKED_AT }: AdmissionInput): void {
  if (decider.alone === undefined) {
    if (!approvers.some((one) => one.person === decider.person && one.alone === undefined)) return;
    throw new AppError('conflict', 'You have approved this already; a person counts once.');
  }
  if (beyondGlass === null) return;
  throw new AppError('refused', `Refused: ${beyondGlass}.`, { details: { reason: beyondGlass } });
}

/** What is wrong with a yes, and which door it has to come through instead; null for the first yes of a quorum. */
function obstacleWords(
  obstacle: ApprovalObstacle,
  { approvalClass, id, planDigest }: Approval,
): string | null {
  if (obstacle.kind === 'quorum') return null;
  if (obstacle.kind === 'glass') return `Refused: ${obstacle.reason}.`;
  return obstacle.door === 'chat-alone'
    ? `${approvalClass} is not approved by chat alone. Approve with: firebreak approval approve ${id} --plan-digest ${planDigest}`
    : `${approvalClass} needs a yes of somebody who has just signed in: sign in anew on the page /approvals/${id}, and approve there within five minutes.`;
}

function requireOpen(approval: Approval, planDigest: string, now: string): void {
  if (approval.status !== 'open') {
    throw new AppError('conflict', `This approval is ${approval.status} already.`, {
      details: { status: approval.status },
    });
  }
  if (approval.planDigest !== planDigest) {
    throw new AppError('conflict', 'The plans are not those that you saw; look at them again.', {
      field: 'planDigest',
      details: { planDigest: approval.planDigest },
    });
  }
  if (Date.parse(approval.expiresAt) <= Date.parse(now)) {
    throw new AppError('refused', 'This approval has expired.', {
      details: { expiresAt: approval.expiresAt },
    });
  }
}

function requireApprover(approval: Approval, decider: Decider): void {
  if (!decider.canApprove) {
    throw new AppError('unauthorized', 'This token cannot approve; use one of your own.', {
      permission: 'a token that may approve',
    });
  }
  const { roles, people } = quorumNeeded(approval);
  if (roles.length > 0 && !decider.roles.some((role) => roles.includes(role))) {
    throw new AppError(
      'unauthorized',
      'Your roles are not among those that this approval asks for.',
      {
        permission: `one of ${roles.join(', ')}`,
      },
    );
  }
  if (Math.max(people, roles.length) <= 1 && approval.requestedBy === decider.person) {
    throw new AppError('refused', 'Who requested this may not be its only approver.');
  }
}

type OperationCommand = Extract<DecisionCommand, { readonly kind: 'skip' | 'mark-done' }>;

function requireOperation(command: OperationCommand, playbook: Playbook | null): void {
  if (playbook === null) return;
  const found = findOperation(playbook, command.operation);
  if (found === undefined) {
    throw new AppError('not_found', 'The playbook has no such operation.', { field: 'operation' });
  }
  const { kind } = found.operation;
  if (kind === 'approval' || (kind === 'seal' && command.kind === 'skip')) {
    throw new AppError(
      'refused',
      `An operation of kind ${kind} cannot be given \`${command.kind}\`.`,
      {
        field: 'operation',
      },
    );
  }
}

function requireExpiry(expiresAt: string, now: string, field: string): void {
  const ahead = Date.parse(expiresAt) - Date.parse(now);
  if (ahead > 0 && ahead <= LEAVE_DAYS_MAX * DAY_MS) return;
  throw new AppError(
    'refused',
    `A containment left in place ends in the future, at most ${LEAVE_DAYS_MAX.toString()} days ahead.`,
    { field },
  );
}
