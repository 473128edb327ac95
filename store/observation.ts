import { z } from 'zod';
import { invariant } from '../domain/error.ts';
import type { Json } from '../domain/json.ts';
import { OBSERVATION_KINDS, type Observation } from '../domain/observation.ts';
import { digestOf } from '../evidence/digest.ts';
import { document, jsonText, timestamp } from './column.ts';
import type { Connection } from './connection.ts';
import type {
  CurrentObservation,
  ObservationHead,
  ObservationTable,
  ObservedPlace,
  Seen,
} from './observation-table.ts';

const RECORD_MAX = 5_000;
const HEADS_MAX = 500_000;
const HISTORY_MAX = 10_000;

const COLUMNS = `id, instance, kind, subject, value, valid_from as "validFrom",
  recorded_at as "recordedAt", back_fill as "backFill"`;

const RECORD = {
  name: 'observation-record',
  text: `select ${COLUMNS} from firebreak.record_observations($1, $2, $3::boolean[], $4::text[],
    $5::json[], $6::text[], $7::timestamptz[])`,
};

const HEADS = {
  name: 'observation-heads',
  text: `select subject, digest, gone, looked_at as "lookedAt" from firebreak.observation_head
    where instance = $1 and kind = $2 order by subject limit $3`,
};

// Most things never change: only of those that did is looked up what they were.
const CURRENT = {
  name: 'observation-current',
  text: `select o.id, h.subject, o.value, o.recorded_at as "recordedAt", p.value as previous,
      f.value as "firstDigested"
    from firebreak.observation_head h join firebreak.observation o on o.id = h.observation_id
    left join lateral (
      select value from firebreak.observation b
      where b.kind = h.kind and b.subject = h.subject and b.instance = h.instance and b.id < o.id
      order by b.id desc limit 1
    ) p on h.changes > 1
    left join lateral (
      select value from firebreak.observation b
      where b.kind = h.kind and b.subject = h.subject and b.instance = h.instance
        and h.kind = 'artifact' and b.value ->> 'sha256' is not null
      order by b.id limit 1
    ) f on h.changes > 1
    where h.instance = $1 and h.kind = $2 and not h.gone order by h.subject limit $3`,
};

const HISTORY = {
  name: 'observation-history',
  text: `select ${COLUMNS} from firebreak.observation
    where kind = $1 and subject = any($2::text[]) order by id limit $3`,
};

const LOOKED = {
  name: 'observation-looked',
  text: `update firebreak.observation_head set looked_at = clock_timestamp()
    where instance = $1 and kind = $2 and subject = any($3::text[])`,
};

const observationRow: z.ZodType<Observation> = z.object({
  id: z.number(),
  instance: z.string(),
  kind: z.enum(OBSERVATION_KINDS),
  subject: z.string(),
  value: document<Json>(),
  validFrom: timestamp.nullable(),
  recordedAt: timestamp,
  backFill: z.boolean(),
});

const headRow: z.ZodType<ObservationHead> = z.object({
  subject: z.string(),
  digest: z.string(),
  gone: z.boolean(),
  lookedAt: timestamp,
});

const currentRow: z.ZodType<CurrentObservation> = z.object({
  id: z.number(),
  subject: z.string(),
  value: document<Json>(),
  recordedAt: timestamp,
  previous: document<Json>(),
  firstDigested: document<Json>(),
});

/** What tells two observations of a subject apart. */
export function observationDigest(value: Json): string {
  return digestOf(value);
}

async function record(
  connection: Connection,
  place: ObservedPlace,
  seen: readonly Seen[],
): Promise<readonly Observation[]> {
  invariant(seen.length <= RECORD_MAX, 'observations are stored in batches');
  if (seen.length === 0) return [];
  return connection.rows(
    RECORD,
    [
      place.instance,
      place.kind,
      seen.map(({ backFill }) => backFill),
      seen.map(({ subject }) => subject),
      seen.map(({ value }) => jsonText(value)),
      seen.map(({ value }) => observationDigest(value)),
      seen.map(({ validFrom }) => validFrom),
    ],
    observationRow,
  );
}

/** Observations over a connection; see the contract for what each function answers. */
export function createObservationTable(connection: Connection): ObservationTable {
  return {
    record: (place, seen) => record(connection, place, seen),
    heads: ({ instance, kind }) => connection.rows(HEADS, [instance, kind, HEADS_MAX], headRow),
    current: ({ instance, kind }) =>
      connection.rows(CURRENT, [instance, kind, HEADS_MAX], currentRow),
    history: (kind, subjects) =>
      connection.rows(HISTORY, [kind, subjects, HISTORY_MAX], observationRow),
    looked: async ({ instance, kind }, subjects) => {
      if (subjects.length > 0) await connection.write(LOOKED, [instance, kind, subjects]);
    },
  };
}
