import { z } from 'zod';
import { FINDING_KINDS } from '../domain/finding.ts';
import { document, timestamp } from './column.ts';
import type { Connection } from './connection.ts';
import type { FindingTable, StoredFinding } from './observation-table.ts';

const END = {
  name: 'finding-end',
  text: `update firebreak.finding set ended_at = clock_timestamp(), told = false
    where kind = any($1::text[]) and ended_at is null and key <> all($2::text[])`,
};

const BEGIN = {
  name: 'finding-begin',
  text: `insert into firebreak.finding as old (key, kind, labels, summary, began_at)
    select f.key, f.kind, f.labels, f.summary, clock_timestamp()
    from unnest($1::text[], $2::text[], $3::json[], $4::text[]) as f (key, kind, labels, summary)
    on conflict (key) do update set kind = excluded.kind, labels = excluded.labels,
      summary = excluded.summary, began_at = excluded.began_at, ended_at = null, told = false
    where old.ended_at is not null`,
};

const UNTOLD = {
  name: 'finding-untold',
  text: `select key, kind, labels, summary, began_at as "beganAt", ended_at as "endedAt"
    from firebreak.finding where not told order by began_at, key limit $1`,
};

const TELL = {
  name: 'finding-tell',
  text: `update firebreak.finding f set told = true
    from unnest($1::text[], $2::timestamptz[], $3::timestamptz[]) as t (key, began_at, ended_at)
    where f.key = t.key and f.began_at = t.began_at and f.ended_at is not distinct from t.ended_at`,
};

const findingRow: z.ZodType<StoredFinding> = z.object({
  key: z.string(),
  kind: z.enum(FINDING_KINDS),
  labels: document<StoredFinding['labels']>(),
  summary: z.string(),
  beganAt: timestamp,
  endedAt: timestamp.nullable(),
});

/** Findings over a connection; see the contract for what each function answers. */
export function createFindingTable(connection: Connection): FindingTable {
  return {
    stand: (kinds, findings) =>
      connection.atomic(async (transaction) => {
        await Promise.all([
          transaction.write(END, [kinds, findings.map(({ key }) => key)]),
          transaction.write(BEGIN, [
            findings.map(({ key }) => key),
            findings.map(({ kind }) => kind),
            findings.map(({ labels }) => JSON.stringify(labels)),
            findings.map(({ summary }) => summary),
          ]),
        ]);
      }),
    untold: (limit) => connection.rows(UNTOLD, [limit], findingRow),
    tell: async (findings) => {
      if (findings.length === 0) return;
      await connection.write(TELL, [
        findings.map(({ key }) => key),
        findings.map(({ beganAt }) => beganAt),
        findings.map(({ endedAt }) => endedAt),
      ]);
    },
  };
}
