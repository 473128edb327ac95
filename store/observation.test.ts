// Goal: what was seen is stored once under our own clock, is never changed, and can be asked as of any moment; a
// finding is told once when it begins and once when it ends. Method: real rows; random histories against a reference.
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import type { Finding } from '../domain/finding.ts';
import { asOf, type Observation } from '../domain/observation.ts';
import type { ObservedPlace, Seen } from './observation-table.ts';
import { useStores } from './test-store.ts';

const stores = useStores();
let places = 0;

function freshPlace(kind: ObservedPlace['kind'] = 'alias'): ObservedPlace {
  places += 1;
  return { instance: `registry-${places.toString()}`, kind };
}

function seen(subject: string, value: Seen['value'], change: Partial<Seen> = {}): Seen {
  return { subject, value, validFrom: null, backFill: false, ...change };
}

describe('observations', () => {
  test('only what differs is stored, and what it was stays', async () => {
    const { observations } = stores.worker();
    const place = freshPlace();
    const first = await observations.record(place, [
      seen('a/champion', { version: '6' }, { backFill: true, validFrom: '2026-11-01T00:00:00Z' }),
      seen('b/champion', { version: '1' }),
    ]);
    expect(first.map(({ subject, backFill }) => [subject, backFill])).toEqual([
      ['a/champion', true],
      ['b/champion', false],
    ]);
    expect(first[0]?.validFrom).toBe('2026-11-01T00:00:00.000Z');
    const again = await observations.record(place, [
      seen('a/champion', { version: '6' }),
      seen('b/champion', { version: '2' }),
    ]);
    expect(again.map(({ subject }) => subject)).toEqual(['b/champion']);
    const current = await observations.current(place);
    expect(current.map(({ value, previous }) => [value, previous])).toEqual([
      [{ version: '6' }, null],
      [{ version: '2' }, { version: '1' }],
    ]);
    const history = await observations.history('alias', ['b/champion']);
    const mine = history.filter(({ instance }) => instance === place.instance);
    expect(mine.map(({ value }) => value)).toEqual([{ version: '1' }, { version: '2' }]);
  });

  test('what is gone is stored as gone, what was never there is not', async () => {
    const { observations } = stores.worker();
    const place = freshPlace();
    await observations.record(place, [seen('a/champion', { version: '6' })]);
    const gone = await observations.record(place, [seen('a/champion', null), seen('never', null)]);
    expect(gone.map(({ subject, value }) => [subject, value])).toEqual([['a/champion', null]]);
    expect(await observations.current(place)).toEqual([]);
    expect(await observations.heads(place)).toMatchObject([{ subject: 'a/champion', gone: true }]);
  });

  test('an artefact keeps its first digest, over a look that found none', async () => {
    const { observations } = stores.worker();
    const place = freshPlace('artifact');
    for (const sha256 of [null, 'one', 'two']) {
      await observations.record(place, [seen('a/1', { sha256 })]);
    }
    expect(await observations.current(place)).toMatchObject([
      { value: { sha256: 'two' }, previous: { sha256: 'one' }, firstDigested: { sha256: 'one' } },
    ]);
  });

  test('rounds at once store one observation', async () => {
    const { observations } = stores.worker();
    const place = freshPlace();
    const rounds = await Promise.all(
      Array.from({ length: 6 }, () =>
        observations.record(place, [seen('a/champion', { version: '6' })]),
      ),
    );
    expect(rounds.flat()).toHaveLength(1);
  });

  test('a look is noted without a new observation', async () => {
    const { observations } = stores.worker();
    const place = freshPlace('artifact');
    await observations.record(place, [seen('a/1', { sha256: 'one' })]);
    const [before] = await observations.heads(place);
    await observations.looked(place, ['a/1']);
    const [after] = await observations.heads(place);
    expect(after?.digest).toBe(before?.digest);
    expect(Date.parse(after?.lookedAt ?? '')).toBeGreaterThanOrEqual(
      Date.parse(before?.lookedAt ?? ''),
    );
    expect(after?.lookedAt).not.toBe(before?.lookedAt);
  });
});

/** A history as random as it gets: late facts, corrections, unknown beginnings, ends. */
const histories = fc
  .array(
    fc.record({
      recorded: fc.integer({ min: 0, max: 40 }),
      validFrom: fc.option(fc.integer({ min: 0, max: 40 })),
      value: fc.option(fc.constantFrom('5', '6', '7')),
    }),
    { maxLength: 12 },
  )
  .map((rows) => rows.toSorted((a, b) => a.recorded - b.recorded));

function at(minute: number): string {
  return new Date(Date.UTC(2026, 10, 1, 0, minute)).toISOString();
}

test('as of any moment, a history says what a reference model says', () => {
  fc.assert(
    fc.property(histories, fc.nat(40), fc.nat(40), (rows, valid, known) => {
      const history = rows.map(({ recorded, validFrom, value }, id): Observation => ({
        id,
        instance: 'mlflow',
        kind: 'alias',
        subject: 'a/champion',
        value,
        validFrom: validFrom === null ? null : at(validFrom),
        recordedAt: at(recorded),
        backFill: false,
      }));
      // The reference paints a line of minutes in the order of learning; a later beginning hides an earlier one.
      const line: { from: number; value: string | null }[] = [];
      for (const { recorded, validFrom, value } of rows) {
        if (recorded > known) continue;
        const from = validFrom ?? recorded;
        for (let minute = from; minute <= 40; minute += 1) {
          const painted = line[minute];
          if (painted === undefined || painted.from <= from) line[minute] = { from, value };
        }
      }
      const told = asOf(history, { validAt: at(valid), knownAt: at(known) });
      expect(told === null ? undefined : told.value).toEqual(line[valid]?.value);
    }),
    { numRuns: 500 },
  );
});

describe('findings', () => {
  const finding = (key: string): Finding => ({
    key,
    kind: 'alias-moved',
    labels: { alertname: 'AliasMovedWithoutRecord', model: key },
    summary: `Alias of ${key} moved.`,
  });

  test('begin once, are told once, end once, and may begin anew', async () => {
    const { findings } = stores.worker();
    const stand = (...keys: readonly string[]) =>
      findings.stand(['alias-moved'], keys.map(finding));
    await stand('a', 'b');
    const begun = await findings.untold(10);
    expect(begun.map(({ key, endedAt }) => [key, endedAt])).toEqual([
      ['a', null],
      ['b', null],
    ]);
    await findings.tell(begun);
    await stand('a', 'b');
    expect(await findings.untold(10)).toEqual([]);
    await stand('b');
    const ended = await findings.untold(10);
    expect(ended).toMatchObject([{ key: 'a', endedAt: expect.any(String) }]);
    // What changes between being read and being told stays untold.
    await stand('a', 'b');
    await findings.tell(ended);
    const anew = await findings.untold(10);
    expect(anew).toMatchObject([{ key: 'a', endedAt: null }]);
    expect(anew[0]?.beganAt).not.toBe(begun[0]?.beganAt);
    await findings.stand(['lineage-gap'], []);
    await findings.tell(anew);
    expect(await findings.untold(10)).toEqual([]);
  });
});
