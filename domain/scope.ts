/** What a token may be used for, the least first. */
export const SCOPES = [
  'read',
  'ingest',
  'open',
  'halt',
  'steer',
  'decide',
  'account',
  'admin',
] as const;
/**
 * One of `SCOPES`. `read`: look; `ingest`: send lineage; `open`: open incidents; `halt`: stop effects; `steer`: give commands,
 * silence, lift halts; `decide`: answer approvals and changes of the rules; `account`: one's own tokens and password; `admin`: people,
 * sources and the configuration. A scope gives nothing that the person's roles do not.
 */
export type Scope = (typeof SCOPES)[number];

/** What a token may do that says nothing of it. */
export const LEAST_SCOPES: readonly Scope[] = ['read'];

/** The longest life of a token, in days. */
export const TOKEN_DAYS_MAX = 366;
const DAY_MS = 86_400_000;

/** Why a token may not end at that moment (RFC 3339), as a sentence; null when it may. */
export function objectionToExpiry(expiresAt: string, now: Date): string | null {
  const aheadMs = Date.parse(expiresAt) - now.getTime();
  if (aheadMs > 0 && aheadMs <= TOKEN_DAYS_MAX * DAY_MS) return null;
  return `A token ends in the future, at most ${TOKEN_DAYS_MAX.toString()} days ahead.`;
}

/** The scopes among `wanted` that are not among `held`, in their order. */
export function scopesBeyond(wanted: readonly Scope[], held: readonly Scope[]): readonly Scope[] {
  return wanted.filter((scope) => !held.includes(scope));
}
