import type { Role } from '../domain/approval.ts';
import type { Person } from './person-table.ts';

/** A person's own way to sign in, as it is kept. */
export interface Account {
  readonly personId: string;
  /** What scrypt made of the password, with parameters and salt; null for who only signs in at an issuer. */
  readonly secret: string | null;
  /** RFC 3339; since when the person has an account. */
  readonly madeAt: string;
  /** RFC 3339; when a password that somebody else knows ends, null for one that the person chose. */
  readonly endsAt: string | null;
  readonly canApprove: boolean;
  /** Who made it, while it approves nothing because somebody else has to confirm it; absent: nothing waits. */
  readonly pendingBy?: string;
}

/** A sign-in on our pages. Only the SHA-256 (hex) of its id is kept. */
export interface PageSession {
  readonly sha256: string;
  readonly personId: string;
  /** RFC 3339; when the person last proved who they are. */
  readonly signedInAt: string;
  /** RFC 3339; when it ends whatever happens. */
  readonly endsAt: string;
  /** True while the person has to choose a password before anything else. */
  readonly mustChoose: boolean;
  readonly canApprove: boolean;
}

/** How often something was tried since `beganAt` (RFC 3339). */
export interface SignInAttempts {
  readonly subject: string;
  readonly beganAt: string;
  readonly attempts: number;
}

/** What can be done with accounts and sessions. */
export interface AccountTable {
  /** Sets a person's password, and ends every session of theirs. `madeAt` of an account that is there stays. */
  put(account: Account): Promise<void>;
  /** Makes an account without a password for whoever has none yet, whose issuer proved them at `madeAt`. */
  ensure(proven: { readonly personId: string; readonly madeAt: string }): Promise<void>;
  get(personId: string): Promise<Account | null>;
  /**
   * Lets an account approve that waits for it, from the next sign-in on; false when it does not wait, has no password of its person's choice
   * yet, and for who made it or whose it is.
   */
  confirm(account: { readonly personId: string; readonly by: string }): Promise<boolean>;
  /**
   * Since when somebody active with one of these roles, or of any when none is named, has an account; null while nobody has.
   */
  approversSignInSince(roles: readonly Role[]): Promise<string | null>;
  /** Begins a session. Sessions that ended before `signedInAt` are cleared away, at most 1,000. */
  begin(session: PageSession): Promise<void>;
  /** The session of this digest and its active person, seen now; null when it ended or was idle since `idleSince`. */
  see(seen: {
    readonly sha256: string;
    readonly at: string;
    readonly idleSince: string;
  }): Promise<{ readonly person: Person; readonly session: PageSession } | null>;
  end(sha256: string): Promise<void>;
  /** Counts one more attempt of each subject. Counts that began before `since` begin anew. */
  attempt(
    subjects: readonly string[],
    times: { readonly at: string; readonly since: string },
  ): Promise<readonly SignInAttempts[]>;
  /** Takes back what a good attempt counted: all of the account's, one of the address's. */
  forgive(subjects: { readonly account: string; readonly address: string }): Promise<void>;
}
