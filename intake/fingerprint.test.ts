// Goal: fingerprints and dedupe keys identify what they should and nothing else. Method: laws over generated labels
// and times.
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { dedupeKeyOf, digestOfParts, fingerprintOf } from './fingerprint.ts';
import { compareMoments, isUnset, momentOf } from './moment.ts';

const labels = fc.dictionary(
  fc.string({ minLength: 1, maxLength: 8 }),
  fc.string({ maxLength: 8 }),
  { minKeys: 1, maxKeys: 6 },
);

describe('fingerprint', () => {
  test('does not depend on the order of labels', () => {
    fc.assert(
      fc.property(labels, (map) => {
        const reversed = Object.fromEntries(Object.entries(map).reverse());
        expect(fingerprintOf(reversed, [])).toBe(fingerprintOf(map, []));
      }),
    );
  });

  test('differs when any label differs', () => {
    fc.assert(
      fc.property(labels, labels, (a, b) => {
        const same =
          JSON.stringify(Object.entries(a).sort()) === JSON.stringify(Object.entries(b).sort());
        expect(fingerprintOf(a, []) === fingerprintOf(b, [])).toBe(same);
      }),
    );
  });

  test('does not depend on ignored labels, unless nothing else is left', () => {
    fc.assert(
      fc.property(labels, fc.string(), fc.string(), (map, a, b) => {
        const rest = { ...map, kept: 'x' };
        const with_ = (pod: string): string => fingerprintOf({ ...rest, pod }, ['pod']);
        expect(with_(a)).toBe(with_(b));
      }),
    );
    expect(fingerprintOf({ pod: 'a' }, ['pod'])).not.toBe(fingerprintOf({ pod: 'b' }, ['pod']));
  });

  test('no two lists of parts look alike', () => {
    fc.assert(
      fc.property(fc.array(fc.string()), fc.array(fc.string()), (a, b) => {
        const same = JSON.stringify(a) === JSON.stringify(b);
        expect(digestOfParts(a) === digestOfParts(b)).toBe(same);
      }),
    );
    expect(digestOfParts(['ab', 'c'])).not.toBe(digestOfParts(['a', 'bc']));
  });
});

describe('dedupe key', () => {
  const alert = {
    source: 's',
    fingerprint: 'f',
    startsAt: '2026-01-01T00:00:00Z',
    status: 'firing',
    endsAt: null,
  } as const;
  test('is one for a repeat and another for anything that matters', () => {
    const key = dedupeKeyOf(alert);
    expect(dedupeKeyOf({ ...alert })).toBe(key);
    const ends = '2026-01-01T01:00:00Z';
    const others = [
      { ...alert, source: 't' },
      { ...alert, fingerprint: 'g' },
      { ...alert, startsAt: '2026-01-01T00:00:01Z' },
      { ...alert, status: 'resolved' as const },
      { ...alert, status: 'resolved' as const, endsAt: ends },
    ].map(dedupeKeyOf);
    expect(new Set([key, ...others]).size).toBe(6);
    // The end of a firing alert is a guess of the sender and changes with each repeat.
    expect(dedupeKeyOf({ ...alert, endsAt: ends })).toBe(key);
  });
});

describe('moments', () => {
  test.each<[string, string | null]>([
    ['2026-11-20T02:00:00Z', '2026-11-20T02:00:00Z'],
    ['2026-11-20T02:00:00.000Z', '2026-11-20T02:00:00Z'],
    ['2026-11-20T04:00:00+02:00', '2026-11-20T02:00:00Z'],
    ['2026-11-20t02:00:00z', '2026-11-20T02:00:00Z'],
    ['2020-10-11T14:34:11.279383004Z', '2020-10-11T14:34:11.279383004Z'],
    ['2020-10-11T16:34:11.279383004+02:00', '2020-10-11T14:34:11.279383004Z'],
    ['9999-12-31T23:59:59Z', '9999-12-31T23:59:59Z'],
    ['9999-12-31T23:59:59-02:00', null],
    ['0001-01-01T00:00:00+01:00', null],
    ['2026-02-31T00:00:00Z', null],
    ['2026-13-01T00:00:00Z', null],
    ['2026-11-20T25:00:00Z', null],
    ['2026-11-20T02:00:00', null],
    ['2026-11-20', null],
    ['1763604000', null],
    ['', null],
  ])('%s', (text, moment) => {
    expect(momentOf(text)).toBe(moment);
  });

  test('the year 1 is not set', () => {
    expect(isUnset('0001-01-01T00:00:00Z')).toBe(true);
    expect(isUnset('2026-01-01T00:00:00Z')).toBe(false);
  });

  test('order is by instant, to the nanosecond', () => {
    const order = [
      '2026-01-01T00:00:00Z',
      '2026-01-01T00:00:00.000000001Z',
      '2026-01-01T00:00:00.1Z',
      '2026-01-01T00:00:01Z',
    ];
    for (const [i, a] of order.entries()) {
      for (const [j, b] of order.entries())
        expect(Math.sign(compareMoments(a, b))).toBe(Math.sign(i - j));
    }
  });
});
