import type { Json } from '../domain/json.ts';
import type { Finding } from '../domain/finding.ts';
import type { Observation, ObservationKind } from '../domain/observation.ts';

/** One thing as a round saw it. */
export interface Seen {
  readonly subject: string;
  /** Null: it is gone. */
  readonly value: Json;
  /** Since when, as the far side says, RFC 3339; null where it says nothing. */
  readonly validFrom: string | null;
  /** True for what was there before we first looked. */
  readonly backFill: boolean;
}

/** Which observations are meant. */
export interface ObservedPlace {
  readonly instance: string;
  readonly kind: ObservationKind;
}

/** The newest observation of a subject, without its value. */
export interface ObservationHead {
  readonly subject: string;
  readonly digest: string;
  readonly gone: boolean;
  /** When it was last looked at closely, RFC 3339. */
  readonly lookedAt: string;
}

/** The newest observation of a subject, with what it was before. */
export interface CurrentObservation {
  readonly id: number;
  readonly subject: string;
  readonly value: Json;
  readonly recordedAt: string;
  /** The value before this one; null when there was none. */
  readonly previous: Json;
  /** The first value whose member `sha256` is a text; null for other kinds. */
  readonly firstDigested: Json;
}

/** What can be done with observations: they are added, never changed. */
export interface ObservationTable {
  /**
   * Stores, of one instance and kind, what differs from the newest observation of its subject, and answers that. At
   * most 5,000 at once.
   */
  record(place: ObservedPlace, seen: readonly Seen[]): Promise<readonly Observation[]>;
  /** The newest of each subject, at most 500,000; those that are gone among them. */
  heads(place: ObservedPlace): Promise<readonly ObservationHead[]>;
  /** The newest of each subject that is not gone, with its value and what was before. */
  current(place: ObservedPlace): Promise<readonly CurrentObservation[]>;
  /** Every observation of some subjects over all instances, oldest first, at most 10,000. */
  history(kind: ObservationKind, subjects: readonly string[]): Promise<readonly Observation[]>;
  /** Notes that these were looked at closely and are as they were. */
  looked(place: ObservedPlace, subjects: readonly string[]): Promise<void>;
}

/** A finding as stored. */
export interface StoredFinding extends Finding {
  /** When it was first seen, RFC 3339. */
  readonly beganAt: string;
  /** When it was over, RFC 3339; null while it stands. */
  readonly endedAt: string | null;
}

/** What can be done with findings. */
export interface FindingTable {
  /**
   * Makes the standing findings of some kinds the given ones: new ones begin, those that are not among them end. One
   * that ended begins anew.
   */
  stand(kinds: readonly Finding['kind'][], findings: readonly Finding[]): Promise<void>;
  /** Findings whose beginning or end was not told yet, oldest first. */
  untold(limit: number): Promise<readonly StoredFinding[]>;
  /** Notes that these were told as they stand: one that changed meanwhile stays untold. */
  tell(findings: readonly StoredFinding[]): Promise<void>;
}
