import { atLeast, type ApprovalClass, type Quorum, type Role } from './approval.ts';

/** One person's admitted approval, as quorum counts it. */
export interface Approver {
  readonly person: string;
  readonly roles: readonly Role[];
}

/** An admitted approval with the door that it came through. */
export interface ApproverByDoor extends Approver {
  readonly channel: string;
}

/** The door whose sessions we do not hold: who is at the keyboard is the chat's word alone. */
const CHAT = 'slack';

/** True when an approval of R3 and above would stand on chat alone: one of its people has to come through another door. */
export function isByChatAlone(
  approvalClass: ApprovalClass,
  approvers: readonly Pick<ApproverByDoor, 'channel'>[],
): boolean {
  return (
    atLeast(approvalClass, 'R3') &&
    approvers.length > 0 &&
    approvers.every(({ channel }) => channel === CHAT)
  );
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
