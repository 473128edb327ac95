import type { Role } from '../domain/approval.ts';
import type { Grant } from '../domain/grant.ts';
import type { Identity } from '../domain/identity.ts';
import type { Scope } from '../domain/scope.ts';

/** A person, as the API knows them. */
export interface Person {
  readonly id: string;
  readonly name: string;
  /** Those that hold everywhere. */
  readonly roles: readonly Role[];
  /** Roles on single objects; absent: none. */
  readonly grants?: readonly Grant[];
  /** Slack's ids of workspace and member, `TEAM/USER`; null when they use no Slack. */
  readonly slackUser: string | null;
  /** Who they are where they sign in; absent: nobody that an issuer knows. */
  readonly identity?: Identity;
  readonly mail: string | null;
  readonly active: boolean;
}

/** A token as it may be shown: nothing of it opens anything. */
export interface StoredToken {
  /** The first 16 characters of its SHA-256, hex. */
  readonly id: string;
  readonly label: string;
  /** RFC 3339; null when it never ends. */
  readonly expiresAt: string | null;
  readonly canApprove: boolean;
  readonly scopes: readonly Scope[];
  /** Who made it, while it approves nothing because somebody else has to confirm it; null otherwise. */
  readonly pendingBy: string | null;
}

/** Who a token is of, and what it may be used for. */
export interface TokenOwner {
  readonly person: Person;
  readonly canApprove: boolean;
  readonly scopes: readonly Scope[];
}

/** What can be done with person rows. */
export interface PersonTable {
  put(person: Person): Promise<void>;
  get(id: string): Promise<Person | null>;
  /** By `TEAM/USER`, Slack's ids of workspace and member. */
  bySlackUser(slackUser: string): Promise<Person | null>;
  /** The active person whom an issuer knows by exactly this. */
  byIdentity(identity: Identity): Promise<Person | null>;
  list(): Promise<readonly Person[]>;
  /** Stores only the token's SHA-256. */
  addToken(token: {
    readonly personId: string;
    readonly sha256: string;
    readonly label: string;
    readonly expiresAt: string | null;
    readonly canApprove: boolean;
    readonly scopes: readonly Scope[];
    /** Who made one that approves once somebody else confirmed it; absent: nothing waits. */
    readonly pendingBy?: string;
  }): Promise<void>;
  /** Lets a token approve that waits for it; false when none of this id does, or for who made it or whose it is. */
  confirmToken(token: {
    readonly personId: string;
    readonly id: string;
    readonly by: string;
  }): Promise<boolean>;
  /** The tokens of a person that are still good, at most 200, by label. */
  tokensOf(personId: string): Promise<readonly StoredToken[]>;
  /** Ends a token of a person at once; false when it was not good any more. */
  revokeToken(token: { readonly personId: string; readonly id: string }): Promise<boolean>;
  /** Whoever has, or ever had, a token or an account that approves; at most 10,000. */
  everApproving(): Promise<readonly string[]>;
  /** True when the person has a token, or ever had one. */
  hasToken(personId: string): Promise<boolean>;
  /** The person, deactivated ones too, and the rights behind the digest of a token that has not ended, or null. */
  byToken(sha256: string): Promise<TokenOwner | null>;
}
