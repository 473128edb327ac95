/** A configured or generated alert source; secrets are stored as SHA-256 (bearer) or sealed in the data folder (HMAC). */
export interface SourceRow {
  readonly name: string;
  readonly kind: 'alertmanager' | 'cloudevents' | 'generic';
  readonly tokenSha256: readonly string[];
}

/** A token of a source as it may be shown: nothing of it opens anything. */
export interface SourceToken {
  /** The first 16 characters of its SHA-256, hex. */
  readonly id: string;
  readonly label: string;
  /** The person who made it. */
  readonly madeBy: string;
  /** RFC 3339. */
  readonly madeAt: string;
  /** RFC 3339. */
  readonly expiresAt: string;
}

/** What can be done with source rows. */
export interface SourceTable {
  put(source: SourceRow): Promise<void>;
  list(): Promise<readonly SourceRow[]>;
  /** Stores only the token's SHA-256. */
  addToken(
    token: Omit<SourceToken, 'id'> & { readonly sha256: string; readonly source: string },
  ): Promise<void>;
  /** The tokens of a source that are still good, at most 200, by label. */
  tokensOf(source: string): Promise<readonly SourceToken[]>;
  /** Ends a token of a source at once; false when it was not good any more. */
  revokeToken(token: { readonly source: string; readonly id: string }): Promise<boolean>;
  /** The name of the source whose token this is, as long as it is good; null otherwise. */
  byToken(sha256: string): Promise<string | null>;
}
