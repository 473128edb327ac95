import type { NewIncident } from './tables.ts';

/** How an alert that is not a repeat is routed: what intake (pure) worked out before the transaction. */
export interface Routing {
  /** (resolved model or suspect, playbook class), digested by intake into one string. */
  readonly incidentKey: string;
  /** A new incident as it would be opened; ignored when one with the key accepts. */
  readonly incident: NewIncident;
  /** Seconds after close within which the same key reopens instead of opening anew. */
  readonly reopenWindowSeconds: number;
  /** Claim targets that this alert speaks about: when an open incident holds one, the alert attaches to it. */
  readonly claimTargets: readonly string[];
  /** Where it goes instead of opening an incident when too many of its kind open at once; null: nowhere else. */
  readonly storm: StormRouting | null;
}

/** How new incidents of a kind are counted, and the one that collects what is too many. */
export interface StormRouting {
  /** Playbook class and severity, digested by intake into one string; also the key of the storm incident. */
  readonly key: string;
  readonly newIncidentsMax: number;
  readonly windowSeconds: number;
  /** The storm incident as it would be opened. */
  readonly incident: NewIncident;
}
