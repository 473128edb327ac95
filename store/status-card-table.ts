/** A card whose incident's log went on since it was shown. */
export interface DueCard {
  readonly incidentId: string;
  /** The row of the message that is the card. */
  readonly messageId: string;
  /** Slack's timestamp of it. */
  readonly ts: string;
  /** Id of the incident's own channel; null: the common one. */
  readonly channelId: string | null;
  /** The last fact that there was when the card was taken up. */
  readonly sequence: number;
  /** Digest of what it shows; null before its first edit. */
  readonly content: string | null;
  /** Edits that failed since the last one that did not. */
  readonly failures: number;
}

/** What became of an edit. */
export interface ShownCard {
  /** The last fact that it knows of. */
  readonly sequence: number;
  readonly content: string;
  /** True when it shows the incident as closed. */
  readonly settled: boolean;
  /** For so long it is not edited again, in milliseconds. */
  readonly restMs: number;
}

/** What can be done with the rows of live cards. */
export interface StatusCardTable {
  /** Something was told in the incident: its card, which is the message that opened it, is looked at, settled or not. */
  look(incidentId: string): Promise<void>;
  /** Takes up the card that waits the longest; nobody else takes it for `leaseMs`. Null when none is due. */
  take(leaseMs: number): Promise<DueCard | null>;
  shown(incidentId: string, card: ShownCard): Promise<void>;
  /** An edit failed: it is tried again after `restMs`. */
  failed(incidentId: string, restMs: number): Promise<void>;
}
