import type { CustodyEntry, Evidence } from '../domain/evidence.ts';

/** What can be done with evidence rows. */
export interface EvidenceTable {
  /** Idempotent by (incident, operation, sha256). */
  put(evidence: Evidence): Promise<Evidence>;
  get(id: string): Promise<Evidence | null>;
  ofIncident(incidentId: string): Promise<readonly Evidence[]>;
  addCustody(
    entry: Pick<CustodyEntry, 'evidenceId' | 'action' | 'by' | 'at' | 'sha256'>,
  ): Promise<CustodyEntry>;
  custodyOf(evidenceId: string): Promise<readonly CustodyEntry[]>;
}
