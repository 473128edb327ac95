import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import pg from 'pg';
import { z } from 'zod';
import { FACT_KINDS, newFact } from '../domain/fact.ts';
import type { CustodyEntry } from '../domain/evidence.ts';
import type { Fact, NewFact } from '../domain/fact.ts';
import { freshDatabase } from '../test/harness.ts';
import {
  factBytes,
  FIRST_PREVIOUS_HASH,
  hashCustodyEntry,
  hashFact,
  verifyChain,
  verifyCustody,
} from './chain.ts';

// Goal: a chain that was changed anywhere never verifies, and the database hashes as we do. Method: properties
// over random chains and random mutations; then the same facts through the SQL function.

const text = fc.string({ unit: 'grapheme', maxLength: 30 });
const newFacts: fc.Arbitrary<readonly NewFact[]> = fc
  .array(
    fc.record({
      kind: fc.constantFrom(...FACT_KINDS),
      summary: text,
      actor: text,
      occurredAt: fc.constantFrom(null, '2026-11-23T10:00:00.000Z'),
      data: fc.dictionary(text, fc.oneof(fc.integer(), text, fc.constant(null))),
    }),
    { minLength: 1, maxLength: 12 },
  )
  .map((facts) => facts.map((fact, n) => newFact({ ...fact, key: `${n.toString()}/ü` })));

function chainOf(facts: readonly NewFact[], incidentId = 'inc_a'): readonly Fact[] {
  let previousHash = FIRST_PREVIOUS_HASH;
  return facts.map((fact, n) => {
    const recordedAt = `2026-11-23T10:00:00.${(n * 7).toString().padStart(6, '0')}Z`;
    const linked = { ...fact, incidentId, sequence: n + 1, recordedAt, previousHash };
    const hash = hashFact(linked);
    previousHash = hash;
    return { ...linked, hash };
  });
}

const other = 'f'.repeat(64);
/** Every way to change one fact of a chain that its hash must notice. */
const CHANGES: Readonly<Record<string, (fact: Fact) => Fact>> = {
  incidentId: (fact) => ({ ...fact, incidentId: `${fact.incidentId}b` }),
  sequence: (fact) => ({ ...fact, sequence: fact.sequence + 1 }),
  recordedAt: (fact) => ({ ...fact, recordedAt: fact.recordedAt.replace('10:00', '10:01') }),
  'recordedAt by a microsecond': (fact) => ({
    ...fact,
    recordedAt: fact.recordedAt.replace(/\dZ$/, (end) => (end === '1Z' ? '2Z' : '1Z')),
  }),
  key: (fact) => ({ ...fact, key: `${fact.key}x` }),
  kind: (fact) => ({
    ...fact,
    kind: fact.kind === 'incident.note' ? 'incident.held' : 'incident.note',
  }),
  occurredAt: (fact) => ({ ...fact, occurredAt: '2026-01-01T00:00:00.000Z' }),
  actor: (fact) => ({ ...fact, actor: `${fact.actor}!` }),
  step: (fact) => ({ ...fact, step: 'redeploy' }),
  operation: (fact) => ({ ...fact, operation: 'else' }),
  target: (fact) => ({ ...fact, target: 'else' }),
  summary: (fact) => ({ ...fact, summary: `${fact.summary} ` }),
  data: (fact) => ({ ...fact, data: [fact.data] }),
  causes: (fact) => ({ ...fact, causes: ['else'] }),
  previousHash: (fact) => ({ ...fact, previousHash: other }),
  hash: (fact) => ({ ...fact, hash: other }),
  'a time that is none': (fact) => ({ ...fact, recordedAt: 'yesterday' }),
};

describe('a chain of facts', () => {
  test('as it was made verifies, also from a stream, with its head', async () => {
    await fc.assert(
      fc.asyncProperty(newFacts, async (facts) => {
        const chain = chainOf(facts);
        const last = chain.at(-1);
        async function* stream(): AsyncGenerator<Fact> {
          for (const fact of chain) yield await Promise.resolve(fact);
        }
        const head = { sequence: chain.length, hash: last?.hash ?? '' };
        expect(await verifyChain(stream(), head)).toEqual({
          facts: chain.length,
          headHash: last?.hash,
          verified: true,
          firstBad: null,
          problem: null,
        });
      }),
    );
  });

  test('that is empty verifies', async () => {
    expect(await verifyChain([])).toMatchObject({ verified: true, headHash: FIRST_PREVIOUS_HASH });
  });

  test.each(Object.entries(CHANGES))('with a changed %s fails there', async (_name, change) => {
    await fc.assert(
      fc.asyncProperty(newFacts, fc.nat(), async (facts, where) => {
        const chain = [...chainOf(facts)];
        const index = where % chain.length;
        const fact = chain[index];
        if (fact === undefined) throw new Error('empty');
        chain[index] = change(fact);
        const report = await verifyChain(chain);
        expect(report.verified).toBe(false);
        expect(report.problem).not.toBeNull();
        // The first fact alone names the incident: its successor is then the one that does not belong.
        expect(report.facts).toBe(index + 1);
      }),
      { numRuns: 40 },
    );
  });

  test('with a fact taken out, put in twice or swapped fails', async () => {
    await fc.assert(
      fc.asyncProperty(newFacts, fc.nat(), async (facts, where) => {
        const chain = chainOf([
          ...facts,
          newFact({ key: 'z', kind: 'incident.note', summary: '' }),
        ]);
        const n = where % (chain.length - 1);
        const cut = [...chain.slice(0, n), ...chain.slice(n + 1)];
        const doubled = [...chain.slice(0, n + 1), ...chain.slice(n)];
        const swapped = [...chain.slice(0, n), ...chain.slice(n, n + 2).toReversed()];
        for (const bad of [cut, doubled, swapped]) {
          expect(await verifyChain(bad)).toMatchObject({ verified: false });
        }
      }),
    );
  });

  test('with its tail cut off fails against the head that was kept, and only then', async () => {
    const chain = chainOf(
      ['a', 'b', 'c'].map((key) => newFact({ key, kind: 'incident.note', summary: key })),
    );
    const head = { sequence: 3, hash: chain[2]?.hash ?? '' };
    expect(await verifyChain(chain.slice(0, 2))).toMatchObject({ verified: true });
    expect(await verifyChain(chain.slice(0, 2), head)).toMatchObject({
      verified: false,
      firstBad: 3,
    });
    expect(await verifyChain(chain, { ...head, hash: other })).toMatchObject({ firstBad: 3 });
    // What was appended after the head was kept is no harm.
    const kept = { sequence: 2, hash: chain[1]?.hash ?? '' };
    expect(await verifyChain(chain, kept)).toMatchObject({ verified: true });
  });

  test('rewritten up to the kept head fails against it', async () => {
    const [a, b, c] = ['a', 'b', 'c'].map((key) =>
      newFact({ key, kind: 'incident.note', summary: key }),
    );
    if (a === undefined || b === undefined || c === undefined) throw new Error('empty');
    const chain = chainOf([a, b, c]);
    const kept = { sequence: 2, hash: chain[1]?.hash ?? '' };
    const rewritten = chainOf([a, { ...b, summary: 'other' }, c]);
    expect(await verifyChain(rewritten)).toMatchObject({ verified: true });
    expect(await verifyChain(rewritten, kept)).toMatchObject({ verified: false, firstBad: 2 });
  });
});

describe('a chain of custody', () => {
  const entries = ['collected', 'verified', 'exported'] as const;
  const chain: CustodyEntry[] = [];
  for (const [n, action] of entries.entries()) {
    const entry = {
      evidenceId: 'ev_1',
      sequence: n + 1,
      action,
      by: 'ann',
      at: '2026-11-23T10:00:00.000Z',
      sha256: 'a'.repeat(64),
      previousHash: chain.at(-1)?.hash ?? FIRST_PREVIOUS_HASH,
    };
    chain.push({ ...entry, hash: hashCustodyEntry(entry) });
  }

  test('verifies as it was made', () => {
    expect(verifyCustody(chain)).toMatchObject({ verified: true, facts: 3 });
  });

  test.each<[string, Partial<CustodyEntry>]>([
    ['evidence', { evidenceId: 'ev_2' }],
    ['action', { action: 'read' }],
    ['person', { by: 'bob' }],
    ['time', { at: '2026-11-23T10:00:01.000Z' }],
    ['digest', { sha256: 'b'.repeat(64) }],
    ['sequence', { sequence: 7 }],
    ['link', { previousHash: other }],
    ['hash', { hash: other }],
    ['digest that is none', { sha256: 'zz' }],
  ])('fails with another %s', (_name, change) => {
    const changed = chain.map((entry, n) => (n === 1 ? { ...entry, ...change } : entry));
    expect(verifyCustody(changed)).toMatchObject({ verified: false });
  });
});

describe('the database', () => {
  let client: pg.Client;
  let drop: () => Promise<void>;

  beforeAll(async () => {
    const database = await freshDatabase();
    client = new pg.Client({ connectionString: database.url, options: '-c timezone=UTC' });
    await client.connect();
    drop = () => database.drop();
  });
  afterAll(async () => {
    await client.end();
    await drop();
  });

  const row = z.object({
    sequence: z.coerce.number(),
    at: z.string(),
    previous: z.string(),
    hash: z.string(),
  });

  async function append(incidentId: string, facts: readonly NewFact[]): Promise<readonly Fact[]> {
    await client.query(
      `insert into firebreak.incident (id, incident_key, title, state, severity, phase, mode,
         playbook_name, parameters, origin, opened_at)
       values ($1, $1, 't', 'open', 'sev2', 'triage', 'auto', 'p', '{}', '{}', now())`,
      [incidentId],
    );
    const { rows } = await client.query(
      `select sequence, to_char(recorded_at, 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') as at,
         encode(previous_hash, 'hex') as previous, encode(hash, 'hex') as hash
       from firebreak.append_facts($1, $2, $3, $4) order by sequence`,
      [
        incidentId,
        facts.map((fact) => fact.key),
        facts.map((fact) => fact.kind),
        facts.map(factBytes),
      ],
    );
    return z
      .array(row)
      .parse(rows)
      .map((stored, n) => {
        const fact = facts[n];
        if (fact === undefined) throw new Error('more rows than facts');
        const { sequence, at: recordedAt, previous: previousHash, hash } = stored;
        return { ...fact, incidentId, sequence, recordedAt, previousHash, hash };
      });
  }

  test('hashes every fact as we do', async () => {
    let run = 0;
    await fc.assert(
      fc.asyncProperty(newFacts, text, async (facts, name) => {
        run += 1;
        const id = `inc_${run.toString()}${name.replaceAll('\0', '')}`;
        const stored = await append(id, facts);
        expect(stored).toHaveLength(facts.length);
        expect(await verifyChain(stored)).toMatchObject({ verified: true, facts: facts.length });
      }),
      { numRuns: 30 },
    );
  });

  test('hashes custody as we do', async () => {
    await append('inc_custody', []);
    await client.query(
      `insert into firebreak.evidence (id, incident_id, title, operation, sha256, bytes, media_type, source,
         collected_at, truncated, moment)
       values ('ev', 'inc_custody', 't', 'o', $1, 1, 'm', 's', now(), false, 'before-containment')`,
      ['a'.repeat(64)],
    );
    const entries: unknown[] = [];
    for (const action of ['collected', 'read', 'exported']) {
      const { rows } = await client.query<Record<string, unknown>>(
        `select evidence_id as "evidenceId", sequence::int, action, by, at, sha256,
           encode(previous_hash, 'hex') as "previousHash", encode(hash, 'hex') as hash
         from firebreak.add_custody('ev', $1, 'ünn', '2026-11-23T10:00:00Z', $2)`,
        [action, 'a'.repeat(64)],
      );
      entries.push(...rows);
    }
    const parsed = z
      .array(z.custom<CustodyEntry>((value) => typeof value === 'object'))
      .parse(entries);
    expect(verifyCustody(parsed)).toMatchObject({ verified: true, facts: 3 });
  });
});
