import type { RungSubject, TakenRung } from '../domain/escalation.ts';

/** A rung as it was taken. */
export interface StoredRung extends TakenRung {
  readonly subject: RungSubject;
  readonly incidentId: string;
  /** Ids of the people who are told. */
  readonly people: readonly string[];
  /** RFC 3339 UTC. */
  readonly takenAt: string;
}

/** What can be done with rungs that were taken. */
export interface EscalationTable {
  /** Writes a rung; false when somebody else took it before. */
  take(rung: StoredRung): Promise<boolean>;
  /** What was taken of approvals and incidents of these ids, in order; at most 100 of each. */
  takenAmong(ids: readonly string[]): Promise<readonly StoredRung[]>;
  /** Notes that a rung told nobody after all, so that the next one is due. */
  reachedNobody(subject: RungSubject, rung: number): Promise<void>;
  /** One rung that was taken; null when it was not. */
  get(subject: RungSubject, rung: number): Promise<StoredRung | null>;
}
