/** Who an OpenID Connect issuer says that somebody is. A subject means nothing without its issuer. */
export interface Identity {
  /** The issuer's address, exactly as it calls itself. */
  readonly issuer: string;
  /** What it calls the person for good: no mail address and no name. */
  readonly subject: string;
}

/** True when both are the same person of the same issuer, letter by letter. */
export function isSameIdentity(one: Identity, other: Identity): boolean {
  return one.issuer === other.issuer && one.subject === other.subject;
}

/** The place of the first person whose identity an earlier one has already; null when each has their own. */
export function sharedIdentity(
  people: readonly { readonly identity?: Identity; readonly active?: boolean }[],
): number | null {
  const seen: Identity[] = [];
  for (const [index, { identity, active = true }] of people.entries()) {
    if (identity === undefined || !active) continue;
    if (seen.some((one) => isSameIdentity(one, identity))) return index;
    seen.push(identity);
  }
  return null;
}
