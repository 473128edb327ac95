/** Work for the relay: each row is delivered until it is done. */
export type OutboxWork =
  | { readonly kind: 'start-incident'; readonly incidentId: string; readonly generation: number }
  | { readonly kind: 'wake-incident'; readonly incidentId: string }
  | { readonly kind: 'deliver-decision'; readonly decisionId: string; readonly incidentId: string }
  | { readonly kind: 'send-message'; readonly messageId: string }
  | { readonly kind: 'self-check'; readonly checkId: string }
  /** Puts a legal hold and what was said about it on the timelines of the incidents that it is on. */
  | { readonly kind: 'record-legal-hold'; readonly holdId: string }
  /** Puts a refused answer on the timeline of its incident. */
  | { readonly kind: 'record-refused-answer'; readonly refusedAnswerId: string }
  /** Puts broken glass, what it let through and its review on the timeline of its incident, and tells people. */
  | { readonly kind: 'tell-break-glass'; readonly breakId: string; readonly incidentId: string }
  /** Sends an update for stakeholders that was released, and puts how it was settled on the timeline. */
  | { readonly kind: 'tell-update'; readonly updateId: string; readonly incidentId: string };

/** One piece of work for the relay, leased. */
export interface OutboxRow {
  readonly id: string;
  readonly work: OutboxWork;
  readonly attempts: number;
}

/** What can be done with outbox rows. */
export interface OutboxTable {
  add(work: OutboxWork): Promise<void>;
  /** Leases at most `limit` due rows for `leaseMs` (SKIP LOCKED). Several wakes of one incident come as one. */
  lease(limit: number, leaseMs: number): Promise<readonly OutboxRow[]>;
  done(id: string): Promise<void>;
  /** Tries again after `delayMs`. */
  later(id: string, delayMs: number, problem: string): Promise<void>;
  depth(): Promise<number>;
}
