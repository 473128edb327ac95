import type { Approval, ApprovalClass, Role } from './approval.ts';
import { quorumNeeded } from './approval-class.ts';

/** What no configuration raises. The database holds the same minutes. */
export const BREAK_GLASS_MAX = { minutes: 60, keyDays: 90, reviewHours: 720 } as const;

/** How long broken glass lets one person decide alone, and how long its review may take. */
export interface BreakGlassSettings {
  readonly minutes: number;
  readonly reviewHours: number;
}

/** What holds unless the configuration says otherwise. */
export const DEFAULT_BREAK_GLASS: BreakGlassSettings = { minutes: 30, reviewHours: 72 };

/** Who owns the review of broken glass. */
export const REVIEW_OWNER = 'approver-security' satisfies Role;
/** Who may close one; never the person who broke the glass. */
export const REVIEWING_ROLES = [REVIEW_OWNER, 'admin'] as const satisfies readonly Role[];

/** What one person may answer alone, by these doors. */
const CLASSES: readonly ApprovalClass[] = ['R2', 'R3'];
const DOORS: readonly string[] = ['api', 'cli'];

/** A key with which one person can break the glass once. Its secret is kept as a digest alone. */
export interface BreakGlassKey {
  readonly id: string;
  /** Whose it is. */
  readonly person: string;
  readonly askedBy: string;
  /** Times are RFC 3339 UTC. */
  readonly askedAt: string;
  readonly expiresAt: string;
  /** Another administrator; null while nobody has confirmed it. */
  readonly confirmedBy: string | null;
  /** When the person took the secret, which nobody else was ever shown; null before. */
  readonly takenAt: string | null;
  readonly revokedAt: string | null;
  /** When it broke the glass; null while it has not. */
  readonly usedAt: string | null;
}

/** Glass that one person broke, for one incident and a bounded time. Kept for good. */
export interface GlassBreak {
  readonly id: string;
  readonly incidentId: string;
  readonly person: string;
  readonly reason: string;
  /** `api` or `cli`. */
  readonly channel: string;
  readonly brokenAt: string;
  /** From then on nothing is let through by it any more. */
  readonly endsAt: string;
}

/** What is owed after glass was broken: somebody else looks at it and writes down what they found. */
export interface BreakGlassReview {
  /** Of the break. */
  readonly id: string;
  readonly ownerRole: Role;
  readonly dueAt: string;
  /** Null, as who closed it and what they found, while it is open. */
  readonly closedAt: string | null;
  readonly closedBy: string | null;
  readonly finding: string | null;
}

/** A review with the break that it is about. */
export interface ReviewedBreak {
  readonly glassBreak: GlassBreak;
  readonly review: BreakGlassReview;
}

/** Broken glass as it stands in what is signed: the yes that carries it counts alone, within its time. */
export interface BrokenGlass {
  /** Of the break. */
  readonly id: string;
  /** Why this was answered alone. */
  readonly reason: string;
  readonly brokenAt: string;
  readonly endsAt: string;
}

/** Why a key opens nothing for this person now, as a sentence; null when it breaks the glass. */
export function keyObstacle(key: BreakGlassKey | null, person: string, now: string): string | null {
  // Whose it is, and that it is there at all, is told to nobody else.
  if (key?.person !== person || key.takenAt === null) return 'This is no break-glass key of yours.';
  if (key.usedAt !== null) return 'This key has broken the glass before: it is good once.';
  if (key.revokedAt !== null) return 'This break-glass key was revoked.';
  return isPast(key.expiresAt, now) ? 'This break-glass key has expired.' : null;
}

function isPast(end: string, now: string): boolean {
  return Date.parse(end) <= Date.parse(now);
}

/** A yes that carries broken glass, as signed. */
export interface AloneYes {
  readonly person: string;
  readonly roles: readonly Role[];
  readonly channel: string;
  readonly decidedAt: string;
  readonly brokenGlass: BrokenGlass;
}

function timeObstacle({ brokenGlass, decidedAt }: AloneYes, now: string): string | null {
  const { brokenAt, endsAt } = brokenGlass;
  const [from, to] = [Date.parse(brokenAt), Date.parse(endsAt)];
  const isLong = !(to - from <= BREAK_GLASS_MAX.minutes * 60_000);
  const decided = Date.parse(decidedAt);
  if (isLong || !(decided >= from)) return 'the time of the broken glass is not one that there is';
  return decided >= to || isPast(endsAt, now) ? `the broken glass was good until ${endsAt}` : null;
}

/**
 * Why a yes with the glass broken does not count alone for an approval, at this moment (RFC 3339); null when it does. It stands in for
 * the second person and their role, and for the fresh sign-in; for nothing else.
 */
export function glassObstacle(
  approval: Pick<Approval, 'approvalClass' | 'quorum' | 'requestedBy'>,
  yes: AloneYes,
  now: string,
): string | null {
  const { approvalClass, requestedBy } = approval;
  const { people, roles } = quorumNeeded(approval);
  if (!CLASSES.includes(approvalClass)) return `breaking the glass never reaches ${approvalClass}`;
  if (Math.max(people, roles.length) < 2) return 'one person is enough here: approve as always';
  if (requestedBy === yes.person) return 'who asked for it is never its only approver';
  if (!yes.roles.some((role) => roles.includes(role))) {
    return `breaking the glass gives no role: one of ${roles.join(', ')} is needed`;
  }
  if (!DOORS.includes(yes.channel)) return 'glass is broken at the command line or the API alone';
  if (yes.brokenGlass.reason.trim() === '') return 'it gives no reason';
  return timeObstacle(yes, now);
}

const PURPOSE = /^break-glass\//u;

/** The purpose of a message about broken glass; `what` names what happened, once. */
export function glassPurpose(breakId: string, what: string): string {
  return `break-glass/${breakId}/${what}`;
}

/** True for a message about broken glass: administrators are called by name. */
export function isAboutGlass({ purpose }: { readonly purpose: string }): boolean {
  return PURPOSE.test(purpose);
}
