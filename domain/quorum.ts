import type { Approval, Quorum, Role } from './approval.ts';
import { CLASS_RULES, quorumNeeded } from './approval-class.ts';
import { glassObstacle, type AloneYes } from './break-glass.ts';
import type { Actor } from './decision.ts';
import { isFreshSignIn, needsFreshSignIn } from './sign-in.ts';

/** One person's admitted approval, as quorum counts it. */
export interface Approver {
  readonly person: string;
  readonly roles: readonly Role[];
}

/** An admitted approval with the door that it came through. */
export interface ApproverByDoor extends Approver {
  readonly channel: string;
  /** True when the person had just signed in on our page. */
  readonly fresh: boolean;
  /** Only of a yes that is to count alone, because its person broke the glass. */
  readonly alone?: Pick<AloneYes, 'brokenGlass' | 'decidedAt'>;
}

/** A decision's actor as quorum counts them; `decidedAt` is RFC 3339. */
export function approverOf(actor: Actor, decidedAt: string): ApproverByDoor {
  const { person, roles, channel, brokenGlass } = actor;
  const approver = { person, roles, channel, fresh: isFreshSignIn(actor, decidedAt) };
  return brokenGlass === undefined ? approver : { ...approver, alone: { brokenGlass, decidedAt } };
}

/** The door whose sessions we do not hold: who is at the keyboard is the chat's word alone. */
const CHAT = 'slack';

/** What the doors leave to be wished for: a yes of somebody who had just signed in, or one not by chat. */
export type DoorObstacle = 'no-fresh-sign-in' | 'chat-alone';

/**
 * Why a full quorum is not enough for its class by the doors that it came through; null when it is. `approversSignInSince` is
 * when the first person with a role that it asks for could sign in, RFC 3339, or null.
 */
export function doorObstacle(
  approval: Pick<Approval, 'approvalClass' | 'createdAt'>,
  approvers: readonly Pick<ApproverByDoor, 'channel' | 'fresh'>[],
  approversSignInSince: string | null,
): DoorObstacle | null {
  if (needsFreshSignIn(approval, approversSignInSince)) {
    return approvers.some(({ fresh }) => fresh) ? null : 'no-fresh-sign-in';
  }
  if (CLASS_RULES[approval.approvalClass].chatAlone) return null;
  const byChat = approvers.length > 0 && approvers.every(({ channel }) => channel === CHAT);
  return byChat ? 'chat-alone' : null;
}

/** True when each role can be covered by an approver of its own; at most `ROLES.length` deep. */
function covers(roles: readonly Role[], approvers: readonly Approver[]): boolean {
  const [role, ...others] = roles;
  if (role === undefined) return true;
  return approvers.some(
    (approver, index) =>
      approver.roles.includes(role) && covers(others, approvers.toSpliced(index, 1)),
  );
}

/**
 * True when so many different people approved, one for each role, and not only the requester.
 * A person counts once, whatever number of decisions stands under the name.
 */
export function quorumMet(
  quorum: Quorum,
  approvers: readonly Approver[],
  requestedBy: string | null,
): boolean {
  const people = [...new Map(approvers.map((one) => [one.person, one])).values()];
  if (people.length < Math.max(quorum.people, quorum.roles.length)) return false;
  if (people.length > 0 && people.every((one) => one.person === requestedBy)) return false;
  return covers(quorum.roles, people);
}

/** Why some answers are not enough: too few of them, by the wrong doors, or glass that reaches no further. */
export type ApprovalObstacle =
  | { readonly kind: 'quorum' }
  | { readonly kind: 'door'; readonly door: DoorObstacle }
  | { readonly kind: 'glass'; readonly reason: string };

/** How an approval is met: by so many people as it asks for, or by one who broke the glass. */
export type ApprovalStanding =
  | { readonly met: 'together' | 'alone' }
  | { readonly met: null; readonly obstacle: ApprovalObstacle };

/**
 * How these yeses stand to an approval at this moment (RFC 3339): the one judge of admission and guard. A yes with the glass broken counts
 * alone or not at all, and never as one of two.
 */
export function approvalStanding(
  approval: Pick<Approval, 'approvalClass' | 'createdAt' | 'quorum' | 'requestedBy'>,
  approvers: readonly ApproverByDoor[],
  at: { readonly approversSignInSince: string | null; readonly now: string },
): ApprovalStanding {
  const ordinary = approvers.filter(({ alone }) => alone === undefined);
  const isMet = quorumMet(quorumNeeded(approval), ordinary, approval.requestedBy);
  const door = isMet ? doorObstacle(approval, ordinary, at.approversSignInSince) : null;
  if (isMet && door === null) return { met: 'together' };
  const reasons = approvers.flatMap(({ alone, ...approver }) =>
    alone === undefined ? [] : [glassObstacle(approval, { ...approver, ...alone }, at.now)],
  );
  if (reasons.includes(null)) return { met: 'alone' };
  const reason = reasons.find((one) => one !== null) ?? null;
  if (reason !== null) return { met: null, obstacle: { kind: 'glass', reason } };
  return { met: null, obstacle: door === null ? { kind: 'quorum' } : { kind: 'door', door } };
}
