import { z } from 'zod';
import { FACT_KINDS } from '../domain/fact.ts';
import type { Fact, NewFact } from '../domain/fact.ts';
import { factBody } from '../domain/fact.ts';
import { AppError } from '../domain/error.ts';
import { canonicalJson } from '../evidence/digest.ts';
import { document, hex } from './column.ts';
import type { Connection } from './connection.ts';

/** Most facts that one append takes. */
export const FACTS_PER_APPEND_MAX = 5000;
/** Longest canonical body of a fact. */
export const FACT_BODY_BYTES_MAX = 256 * 1024;

/** The columns of a stored fact; `recorded_at` to the microsecond, as it was hashed. */
export const FACT_COLUMNS = `incident_id as "incidentId", sequence, key,
  to_char(recorded_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') as "recordedAt",
  previous_hash as "previousHash", hash, body`;

const bodySchema = z.object({
  kind: z.enum(FACT_KINDS),
  occurredAt: z.string().nullable(),
  actor: z.string(),
  step: document<NewFact['step']>(),
  operation: z.string().nullable(),
  target: z.string().nullable(),
  summary: z.string(),
  data: document<NewFact['data']>(),
  causes: z.array(z.string()),
});

function parseBody(bytes: Uint8Array): z.infer<typeof bodySchema> {
  const text = Buffer.from(bytes).toString('utf8');
  return bodySchema.parse(JSON.parse(text));
}

/** A stored fact; everything that it says is read from the bytes that were hashed. */
export const factRow: z.ZodType<Fact> = z
  .object({
    incidentId: z.string(),
    sequence: z.number(),
    key: z.string(),
    recordedAt: z.string(),
    previousHash: hex,
    hash: hex,
    body: z.instanceof(Uint8Array),
  })
  .transform(({ body, ...row }) => ({ ...row, ...parseBody(body) }));

const APPEND = {
  name: 'fact-append',
  text: `select count(*) as appended
    from firebreak.append_facts($1, $2::text[], $3::text[], $4::bytea[])`,
};

const APPEND_OF = {
  name: 'fact-append-of',
  text: `select count(*) as appended
    from firebreak.append_facts_of($1::text[], $2::text[], $3::text[], $4::bytea[])`,
};

/** Facts of one incident that are to be appended. */
export interface IncidentFacts {
  readonly incidentId: string;
  readonly facts: readonly NewFact[];
}

/** Facts as the log's functions take them. */
export interface EncodedFacts {
  readonly keys: readonly string[];
  readonly kinds: readonly string[];
  readonly bodies: readonly Buffer[];
}

/** The parallel arrays of an append. Raises `too_large` past a limit, `invalid` for what JSON cannot hold. */
export function encodeFacts(facts: readonly NewFact[]): EncodedFacts {
  if (facts.length > FACTS_PER_APPEND_MAX) {
    throw new AppError('too_large', 'Too many facts in one append.', {
      details: { facts: facts.length, factsMax: FACTS_PER_APPEND_MAX },
    });
  }
  const bodies = facts.map((fact) => Buffer.from(canonicalJson(factBody(fact)), 'utf8'));
  const long = bodies.findIndex((body) => body.length > FACT_BODY_BYTES_MAX);
  if (long >= 0) {
    throw new AppError('too_large', 'A fact is longer than the log takes.', {
      field: facts[long]?.key ?? '',
    });
  }
  return { keys: facts.map((fact) => fact.key), kinds: facts.map((fact) => fact.kind), bodies };
}

const countRow = z.object({ appended: z.number() });

/**
 * Appends to one incident's chain in one round trip and answers how many facts were new; known keys with an
 * equal body are dropped. Raises `internal` for a known key with another body, `not_found` for an unknown
 * incident, `too_large` past a limit.
 */
export async function appendFacts(
  connection: Connection,
  incidentId: string,
  facts: readonly NewFact[],
): Promise<number> {
  if (facts.length === 0) return 0;
  const { keys, kinds, bodies } = encodeFacts(facts);
  const rows = await connection.rows(APPEND, [incidentId, keys, kinds, bodies], countRow);
  return rows[0]?.appended ?? 0;
}

/** The same for several incidents at once, in the order of their ids. */
export async function appendFactsOf(
  connection: Connection,
  parts: readonly IncidentFacts[],
): Promise<number> {
  const facts = parts.flatMap((part) => part.facts);
  if (facts.length === 0) return 0;
  const incidents = parts.flatMap((part) => part.facts.map(() => part.incidentId));
  const { keys, kinds, bodies } = encodeFacts(facts);
  const rows = await connection.rows(APPEND_OF, [incidents, keys, kinds, bodies], countRow);
  return rows[0]?.appended ?? 0;
}
