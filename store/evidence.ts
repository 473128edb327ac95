import { z } from 'zod';
import type { CustodyEntry, Evidence } from '../domain/evidence.ts';
import { document, hex, timestamp } from './column.ts';
import { firstRow, requireRow } from './connection.ts';
import type { Connection } from './connection.ts';
import type { EvidenceTable } from './evidence-table.ts';

const EVIDENCE_MAX = 10_000;
const CUSTODY_MAX = 10_000;

const COLUMNS = `id, incident_id as "incidentId", title, operation, sha256, bytes,
  media_type as "mediaType", source, collected_at as "collectedAt", truncated, moment`;

const PUT = {
  name: 'evidence-put',
  text: `insert into firebreak.evidence (id, incident_id, title, operation, sha256, bytes, media_type, source,
      collected_at, truncated, moment)
    values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11) on conflict do nothing`,
};

const BY_DIGEST = {
  name: 'evidence-by-digest',
  text: `select ${COLUMNS} from firebreak.evidence
    where incident_id = $1 and operation = $2 and sha256 = $3`,
};

const GET = {
  name: 'evidence-get',
  text: `select ${COLUMNS} from firebreak.evidence where id = $1`,
};

const OF_INCIDENT = {
  name: 'evidence-of-incident',
  text: `select ${COLUMNS} from firebreak.evidence where incident_id = $1 order by number limit $2`,
};

const CUSTODY_COLUMNS = `evidence_id as "evidenceId", sequence, action, by, at, sha256,
  previous_hash as "previousHash", hash`;

const ADD_CUSTODY = {
  name: 'custody-add',
  text: `select ${CUSTODY_COLUMNS} from firebreak.add_custody($1, $2, $3, $4, $5)`,
};

const CUSTODY_OF = {
  name: 'custody-of',
  text: `select ${CUSTODY_COLUMNS} from firebreak.custody where evidence_id = $1 order by sequence limit $2`,
};

const evidenceRow: z.ZodType<Evidence> = z.object({
  id: z.string(),
  incidentId: z.string(),
  title: z.string(),
  operation: z.string(),
  sha256: z.string(),
  bytes: z.number(),
  mediaType: z.string(),
  source: z.string(),
  collectedAt: timestamp,
  truncated: z.boolean(),
  moment: document<Evidence['moment']>(),
});

const custodyRow: z.ZodType<CustodyEntry> = z.object({
  evidenceId: z.string(),
  sequence: z.number(),
  action: z.enum(['collected', 'verified', 'read', 'exported']),
  by: z.string(),
  at: z.string(),
  sha256: z.string(),
  previousHash: hex,
  hash: hex,
});

async function put(connection: Connection, evidence: Evidence): Promise<Evidence> {
  const { incidentId, operation, sha256 } = evidence;
  const values = [
    evidence.id,
    incidentId,
    evidence.title,
    operation,
    sha256,
    evidence.bytes,
    evidence.mediaType,
    evidence.source,
    evidence.collectedAt,
    evidence.truncated,
    evidence.moment,
  ];
  const [, rows] = await connection.atomic((transaction) =>
    Promise.all([
      transaction.write(PUT, values),
      transaction.rows(BY_DIGEST, [incidentId, operation, sha256], evidenceRow),
    ]),
  );
  return requireRow(Promise.resolve(rows), 'The evidence was not stored.');
}

/**
 * Evidence and its custody over a connection; see the contract for what each function answers. `addCustody`
 * raises `not_found` for an unknown evidence.
 */
export function createEvidenceTable(connection: Connection): EvidenceTable {
  return {
    put: (evidence) => put(connection, evidence),
    get: (id) => firstRow(connection.rows(GET, [id], evidenceRow)),
    ofIncident: (incidentId) =>
      connection.rows(OF_INCIDENT, [incidentId, EVIDENCE_MAX], evidenceRow),
    addCustody: ({ evidenceId, action, by, at, sha256 }) =>
      requireRow(
        connection.rows(ADD_CUSTODY, [evidenceId, action, by, at, sha256], custodyRow),
        'The custody entry was not stored.',
      ),
    custodyOf: (evidenceId) => connection.rows(CUSTODY_OF, [evidenceId, CUSTODY_MAX], custodyRow),
  };
}
