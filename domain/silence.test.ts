// Goal: a silence matches what it names and nothing else, and none can be made that hides everything. Method: tables.
import { describe, expect, test } from '@jest/globals';
import {
  isMatched,
  matcherText,
  objectionToSilence,
  readMatcher,
  silenceStateOf,
  type SilenceMatcher,
} from './silence.ts';

const NOW = new Date('2026-11-23T10:00:00Z');
const LABELS = { alertname: 'KubePodNotReady', namespace: 'ml', pod: 'scorer-canary-x' };

function matchers(...texts: readonly string[]): readonly SilenceMatcher[] {
  return texts.map((text) => {
    const matcher = readMatcher(text);
    if (matcher === null) throw new Error(text);
    return matcher;
  });
}

describe('matchers', () => {
  test.each<[string, boolean]>([
    ['alertname=KubePodNotReady', true],
    ['alertname="KubePodNotReady"', true],
    ['alertname=kubepodnotready', false],
    ['alertname=Kube*', true],
    ['alertname=*NotReady', true],
    ['alertname=*Pod*Ready', true],
    ['alertname=*Ready*Pod*', false],
    ['alertname=KubePodNotReady*KubePodNotReady', false],
    ['alertname=Pod', false],
    ['alertname!=Watchdog', true],
    ['alertname!=Kube*', false],
    ['absent=', true],
    ['absent!=', false],
    ['absent=*', true],
    ['constructor=*Object*', false],
  ])('%s', (text, expected) => {
    expect(isMatched(matchers(text), LABELS)).toBe(expected);
  });

  test('all of them must match', () => {
    expect(isMatched(matchers('namespace=ml', 'pod=scorer*'), LABELS)).toBe(true);
    expect(isMatched(matchers('namespace=ml', 'pod=ranker*'), LABELS)).toBe(false);
  });

  test.each(['', 'no operator', '=value', 'a~b', 'a="b', 'a="b"c"', '1a=b'])(
    '%j is none',
    (text) => {
      expect(readMatcher(text)).toBeNull();
    },
  );

  test('is written as it is read', () => {
    expect(matchers('a!=b c').map(matcherText)).toEqual(['a!="b c"']);
  });
});

describe('objections', () => {
  const day = (days: number): string => new Date(NOW.getTime() + days * 86_400_000).toISOString();
  test.each<[string, readonly string[], string, string, string | null]>([
    ['no matcher', [], day(0), day(1), 'matchers'],
    ['only stars', ['alertname=*', 'x=**'], day(0), day(1), 'matchers'],
    ['only what it is not', ['alertname!=x'], day(0), day(1), 'matchers'],
    ['only an absent label', ['x='], day(0), day(1), 'matchers'],
    ['over already', ['a=b'], day(-2), day(-1), 'endsAt'],
    ['the wrong way round', ['a=b'], day(2), day(1), 'endsAt'],
    ['too long', ['a=b'], day(0), day(31), 'endsAt'],
    ['fine', ['a=b', 'c!=d'], day(0), day(30), null],
    ['a maintenance window next month', ['a=b'], day(40), day(41), null],
  ])('%s', (...[, texts, startsAt, endsAt, field]) => {
    const given = { matchers: matchers(...texts), startsAt, endsAt };
    expect(objectionToSilence(given, NOW)?.field ?? null).toBe(field);
  });

  test('it is pending, then active, then expired; or ended before', () => {
    const silence = { startsAt: day(1), endsAt: day(2), endedAt: null };
    expect([0, 1, 2].map((days) => silenceStateOf(silence, new Date(day(days))))).toEqual([
      ...['pending', 'active', 'expired'],
    ]);
    expect(silenceStateOf({ ...silence, endedAt: day(1) }, new Date(day(1)))).toBe('expired');
  });
});
