/** One piece of evidence: bytes by digest, and where they came from. */
export interface Evidence {
  readonly id: string;
  readonly incidentId: string;
  /** What it is, for people: `Kubernetes audit events, 10:00 to 10:30`. */
  readonly title: string;
  /** Operation that sealed it. */
  readonly operation: string;
  readonly sha256: string;
  readonly bytes: number;
  readonly mediaType: string;
  /** Probe, instance and query that produced it. */
  readonly source: string;
  readonly collectedAt: string;
  /** True when a limit cut what could be collected. */
  readonly truncated: boolean;
  /** `before` or `after` containment was verified. */
  readonly moment: 'before-containment' | 'after-containment';
}

/** One entry of a chain of custody, linked to the last by its digest. */
export interface CustodyEntry {
  readonly evidenceId: string;
  readonly sequence: number;
  readonly action: 'collected' | 'verified' | 'read' | 'exported';
  readonly by: string;
  readonly at: string;
  readonly sha256: string;
  readonly previousHash: string;
  readonly hash: string;
}
