/** Approval classes R0–R4: how much a person must say before an effect. */
export const APPROVAL_CLASSES = ['R0', 'R1', 'R2', 'R3', 'R4'] as const;
/** One of `APPROVAL_CLASSES`; a later one asks for more. */
export type ApprovalClass = (typeof APPROVAL_CLASSES)[number];

/** What people may do in Firebreak. */
export const ROLES = [
  'viewer',
  'responder',
  'commander',
  'approver-security',
  'approver-model-owner',
  'legal',
  'admin',
] as const;
/** One of `ROLES`. */
export type Role = (typeof ROLES)[number];

/** Who must approve: so many different people, one for each listed role. */
export interface Quorum {
  readonly people: number;
  /** Each role must be covered by a different approver. */
  readonly roles: readonly Role[];
}

/** True when class `a` asks for at least as much as class `b`. */
export function atLeast(a: ApprovalClass, b: ApprovalClass): boolean {
  return APPROVAL_CLASSES.indexOf(a) >= APPROVAL_CLASSES.indexOf(b);
}

/** One exact plan that people approve, named by operation, target, round and digest. */
export interface ApprovedPlan {
  readonly operation: string;
  readonly target: string;
  readonly round: number;
  /** SHA-256 of the plan's canonical JSON, hex. */
  readonly digest: string;
  readonly summary: string;
  readonly action: string;
  readonly approvalClass: ApprovalClass;
  readonly undo: string;
}

/** Where an approval stands; only `open` can still be answered. */
export type ApprovalStatus = 'open' | 'approved' | 'rejected' | 'void' | 'expired';

/** What is asked about a list of exact plans. */
export interface Approval {
  readonly id: string;
  readonly incidentId: string;
  /** The approval operation's name, or `stand-down`. */
  readonly operation: string;
  readonly round: number;
  readonly title: string;
  readonly approvalClass: ApprovalClass;
  readonly quorum: Quorum;
  readonly plans: readonly ApprovedPlan[];
  /** SHA-256 over the canonical list of (operation, target, round, digest), hex; people approve this. */
  readonly planDigest: string;
  readonly status: ApprovalStatus;
  readonly statusReason: string | null;
  /** Person who may not be the only approver; null when an alert opened the incident. */
  readonly requestedBy: string | null;
  readonly createdAt: string;
  readonly expiresAt: string;
  readonly settledAt: string | null;
}
