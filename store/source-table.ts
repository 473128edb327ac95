/** A configured or generated alert source; secrets are stored as SHA-256 (bearer) or sealed in the data folder (HMAC). */
export interface SourceRow {
  readonly name: string;
  readonly kind: 'alertmanager' | 'cloudevents' | 'generic';
  readonly tokenSha256: readonly string[];
}

/** What can be done with source rows. */
export interface SourceTable {
  put(source: SourceRow): Promise<void>;
  list(): Promise<readonly SourceRow[]>;
}
