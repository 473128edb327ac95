/** A sign-in that has begun at an issuer and waits for its answer. */
export interface PendingSignIn {
  /** SHA-256 (hex) of what the browser holds. */
  readonly sha256: string;
  /** Where the person wanted to go; one of our own paths. */
  readonly next: string;
  /** SHA-256 (hex) of the session that the browser had; null when it had none. */
  readonly former: string | null;
  /** RFC 3339. */
  readonly beganAt: string;
}

/** What can be done with pending sign-ins. */
export interface PendingSignInTable {
  /** Keeps one. Those that began before `since` are cleared away, at most 1,000. */
  begin(pending: PendingSignIn, since: string): Promise<void>;
  /** Takes one away, so that it is good for one answer; null when it is not there or began before `since`. */
  take(wanted: { readonly sha256: string; readonly since: string }): Promise<PendingSignIn | null>;
}
