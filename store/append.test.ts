import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { newFact } from '../domain/fact.ts';
import { FACTS_PER_APPEND_MAX, FACT_BODY_BYTES_MAX } from './append.ts';
import { note, openIncident, useStores } from './test-store.ts';

// Goal: a fact is in the log once, in order, unchanged, whoever appends at the same time. Method: the SQL
// function through each role, raced, retried, and handed what it must refuse.

const stores = useStores();

describe('append', () => {
  test('numbers on from the last fact and gives back what was said', async () => {
    const id = await openIncident(stores.api(), 'append');
    const fact = newFact({
      key: 'note/1',
      kind: 'incident.note',
      summary: 'Ünïcode \u202e and "quotes"',
      occurredAt: '2026-11-23T09:00:00.000Z',
      actor: 'ann',
      step: 'audit',
      operation: 'trace',
      target: 'mlflow/Alias/-/x',
      data: { z: 1, a: [null, true, 1.5e-7], nested: { b: 'c' } },
      causes: ['incident/opened'],
    });
    expect(await stores.worker().facts.append(id, [fact])).toBe(1);
    const appended = await stores.api().facts.page(id, 2, 10);
    expect(appended).toEqual([expect.objectContaining({ ...fact, incidentId: id, sequence: 3 })]);
    expect(appended[0]?.recordedAt).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z$/);
    expect(await stores.api().facts.head(id)).toEqual({ sequence: 3, hash: appended[0]?.hash });
    expect(await stores.chainLength(id)).toBe(3);
  });

  test('drops what is known with an equal body and refuses another body under its key', async () => {
    const id = await openIncident(stores.api(), 'idempotent');
    const facts = [note('a'), note('b'), note('c')];
    expect(await stores.worker().facts.append(id, facts)).toBe(3);
    expect(await stores.worker().facts.append(id, facts)).toBe(0);
    expect(await stores.worker().facts.append(id, [note('b'), note('d'), note('d')])).toBe(1);
    await expect(
      stores.worker().facts.append(id, [note('e'), note('a', 'Something else')]),
    ).rejects.toMatchObject({ code: 'internal' });
    expect(await stores.chainLength(id)).toBe(6);
  });

  test('rolls back with its transaction', async () => {
    const id = await openIncident(stores.api(), 'rollback');
    const stop = new Error('stop');
    await expect(
      stores.worker().transaction(async (tables) => {
        await tables.facts.append(id, [note('gone')]);
        throw stop;
      }),
    ).rejects.toBe(stop);
    expect(await stores.worker().facts.append(id, [note('kept')])).toBe(1);
    expect((await stores.api().facts.head(id)).sequence).toBe(3);
    expect(await stores.chainLength(id)).toBe(3);
  });

  test('many appenders with overlapping facts leave each key once, in one unbroken chain', async () => {
    const id = await openIncident(stores.api(), 'concurrent');
    await Promise.all(
      Array.from({ length: 40 }, (_, n) => {
        const store = n % 2 === 0 ? stores.api() : stores.worker();
        const keys = [n, n + 1, n + 2].map((k) => note(`k/${(k % 40).toString()}`));
        return store.facts.append(id, keys);
      }),
    );
    expect(await stores.chainLength(id)).toBe(42);
  });

  test('any sequence of appends and retries equals the order in which keys were first said', async () => {
    let run = 0;
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.array(fc.integer({ min: 0, max: 12 }), { maxLength: 6 }), { maxLength: 8 }),
        async (appends) => {
          run += 1;
          const id = await openIncident(stores.api(), `property-${run.toString()}`);
          for (const keys of appends) {
            await stores.worker().facts.append(
              id,
              keys.map((key) => note(`k/${key.toString()}`)),
            );
          }
          const facts = await stores.api().facts.page(id, 2, 1000);
          expect(facts.map((fact) => fact.key)).toEqual(
            [...new Set(appends.flat())].map((key) => `k/${key.toString()}`),
          );
          expect(await stores.chainLength(id)).toBe(facts.length + 2);
        },
      ),
      { numRuns: 15 },
    );
  });

  test.each([
    ['an unknown incident', 'inc_unknown', [note('a')], 'not_found'],
    [
      'too many facts',
      'inc_unknown',
      Array.from({ length: FACTS_PER_APPEND_MAX + 1 }, (_, n) => note(n.toString())),
      'too_large',
    ],
    ['a body too long', 'inc_unknown', [note('a', 'x'.repeat(FACT_BODY_BYTES_MAX))], 'too_large'],
    ['what JSON cannot hold', 'inc_unknown', [note('a', '\ud800')], 'invalid'],
  ])('refuses %s', async (...[, id, facts, code]) => {
    await expect(stores.worker().facts.append(id, facts)).rejects.toMatchObject({ code });
  });

  test('never waits in a circle with one who holds the incident', async () => {
    const id = await openIncident(stores.api(), 'circle');
    const rounds = Array.from({ length: 150 }, (_, n) => n.toString());
    const holding = rounds.map((n) =>
      stores.worker().transaction(async (tables) => {
        await tables.incidents.lock(id);
        await tables.facts.append(id, [note(`held/${n}`)]);
      }),
    );
    const passing = rounds.map((n) => stores.worker().facts.append(id, [note(`free/${n}`)]));
    await Promise.all([...holding, ...passing]);
    expect(await stores.chainLength(id)).toBe(2 + 2 * rounds.length);
  });

  test('a walk reads a long log to its end, page by page', async () => {
    const id = await openIncident(stores.api(), 'walk');
    const many = Array.from({ length: 1200 }, (_, n) => note(`n/${n.toString()}`));
    await stores.worker().facts.append(id, many);
    const sequences: number[] = [];
    for await (const fact of stores.api().facts.all(id)) sequences.push(fact.sequence);
    expect(sequences).toEqual(Array.from({ length: 1202 }, (_, n) => n + 1));
  });

  test('a log holds an entry at its place, by its hash, in its incident', async () => {
    const id = await openIncident(stores.api(), 'holds');
    const other = await openIncident(stores.api(), 'holds not');
    const [first, head] = await stores.worker().facts.page(id, 0, 2);
    if (!first || !head) throw new Error('the log is short');
    const { holds } = stores.worker().facts;
    const asked = [
      [id, head],
      [id, first],
      [id, { sequence: head.sequence, hash: first.hash }],
      [id, { sequence: head.sequence + 1, hash: head.hash }],
      [id, { sequence: first.sequence, hash: 'no hash' }],
      [other, head],
    ] as const;
    const held = await Promise.all(asked.map(([incident, entry]) => holds(incident, entry)));
    expect(held).toEqual([true, true, false, false, false, false]);
  });

  test('an incident without facts has the empty head', async () => {
    expect(await stores.api().facts.head('inc_none')).toEqual({
      sequence: 0,
      hash: '0'.repeat(64),
    });
  });
});
