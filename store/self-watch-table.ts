/** One check that goes the way of an alert; times are RFC 3339, null while it has not come so far. */
export interface SelfCheck {
  readonly id: string;
  readonly begunAt: string;
  readonly relayedAt: string | null;
  readonly settledAt: string | null;
}

/** How the engine watches itself. */
export interface SelfWatchTable {
  /** Commits a check as intake commits an alert, with its outbox row; it takes the place of the process's last one. */
  begin(check: {
    readonly process: string;
    readonly id: string;
    readonly at: string;
  }): Promise<void>;
  /** The latest check of a process. */
  latest(process: string): Promise<SelfCheck | null>;
  /** The relay has taken it up. */
  relayed(id: string, at: string): Promise<void>;
  /** Settles what was relayed when the log takes a fact and chains it. Raises `internal` when it does not. */
  settle(at: string): Promise<void>;
  /** A source said that it is alive. */
  watchdogSeen(source: string, at: string): Promise<void>;
  /** When each source last said so. */
  watchdogs(): Promise<readonly { readonly source: string; readonly lastSeenAt: string }[]>;
}
