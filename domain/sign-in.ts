import type { Approval } from './approval.ts';
import { CLASS_RULES } from './approval-class.ts';
import type { Actor } from './decision.ts';

const MINUTE_MS = 60_000;

/** Limits of signing in on our pages. */
export const SIGN_IN = {
  /** A session ends after this, whatever happens. */
  sessionMs: 12 * 60 * MINUTE_MS,
  /** A session that nobody used for so long is over. */
  idleMs: 60 * MINUTE_MS,
  /** How long a password that an administrator made is good. */
  oneTimeMs: 24 * 60 * MINUTE_MS,
  /** A sign-in is fresh for so long. */
  freshMs: 5 * MINUTE_MS,
  /** How long a sign-in that began at an issuer waits for its answer. */
  pendingMs: 10 * MINUTE_MS,
  /** Attempts are counted within this time. */
  attemptsMs: 15 * MINUTE_MS,
  attemptsPerAccount: 10,
  attemptsPerAddress: 50,
  passwordCharactersMin: 12,
  passwordCharactersMax: 200,
} as const;

/** The door that holds sessions of its own: who is at the keyboard was proved to us. */
export const PAGE = 'page';

/** True when a decision (RFC 3339) came by our page, from somebody who had just signed in. */
export function isFreshSignIn(
  { channel, signedInAt }: Pick<Actor, 'channel' | 'signedInAt'>,
  decidedAt: string,
): boolean {
  if (channel !== PAGE || signedInAt === undefined) return false;
  const age = Date.parse(decidedAt) - Date.parse(signedInAt);
  return age >= 0 && age <= SIGN_IN.freshMs;
}

/**
 * True when one of the approvals has to come by a fresh sign-in: of a class that wants one, asked once an approver could sign in.
 * What was asked before that is answered as it could be then.
 */
export function needsFreshSignIn(
  { approvalClass, createdAt }: Pick<Approval, 'approvalClass' | 'createdAt'>,
  approversSignInSince: string | null,
): boolean {
  return (
    CLASS_RULES[approvalClass].freshSignIn &&
    approversSignInSince !== null &&
    Date.parse(approversSignInSince) <= Date.parse(createdAt)
  );
}
