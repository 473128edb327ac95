import { describe, expect, test } from '@jest/globals';
import {
  DEFAULT_CAPS,
  exceededIsolation,
  exceededSourceCap,
  incidentsToCount,
  takingOf,
  type Isolated,
  type SourceCaps,
  type Taking,
} from './cap.ts';

// Goal: what each cap bounds, to the replica; nothing is counted twice and nothing is forgotten. Method: effects on a
// model of twenty replicas in an inventory of a hundred, each with what else is isolated.

const TOTAL = 100;

function isolated(change: Partial<Isolated> = {}): Isolated {
  return {
    incidentId: 'inc_other',
    operation: 'contain',
    target: 'k/Service/ml/other',
    round: 1,
    sequence: 1,
    model: 'other',
    object: 'k/Deployment/ml/other',
    replicas: 1,
    stays: false,
    capacity: 20,
    remaining: 19,
    inForce: true,
    applied: true,
    recent: true,
    ...change,
  };
}

function taking(replicas: Readonly<Record<string, number>>, change: Partial<Taking> = {}): Taking {
  const objects = Object.entries(replicas).map(([object, count]) => ({
    object,
    replicas: count,
    stays: false,
  }));
  return { model: 'm', objects, capacity: 20, remaining: 10, instead: 'rules', ...change };
}

function reason(effect: Taking, others: readonly Isolated[] = []): string | null {
  return exceededIsolation(DEFAULT_CAPS, effect, { others, totalReplicas: TOTAL });
}

const mine = (object: string, replicas: number, change: Partial<Isolated> = {}): Isolated =>
  isolated({ model: 'm', object, replicas, ...change });

describe('isolation', () => {
  test.each<[string, Taking, readonly Isolated[], RegExp | null]>([
    ['one of twenty', taking({ a: 1 }), [], null],
    ['nothing', taking({}, { remaining: 0 }), [mine('a', 20)], null],
    ['half of the model', taking({ a: 10 }), [], null],
    [
      'one more than half',
      taking({ a: 11 }),
      [],
      /11 of 20 replicas of m isolated at once, .* 50 %/,
    ],
    ['a tenth of all', taking({ a: 5 }), [isolated({ replicas: 5 })], null],
    [
      'more than a tenth',
      taking({ a: 5 }),
      [isolated({ replicas: 6 })],
      /11 of 100 replicas of all/,
    ],
    ['two targets', taking({ a: 1, b: 1 }), [], null],
    ['a third target', taking({ a: 1, b: 1 }), [mine('c', 1)], /3 targets of m isolated at once/],
    ['targets of others', taking({ a: 1, b: 1 }), [isolated({ object: 'c' })], null],
    ['an object twice', taking({ a: 10 }), [mine('a', 10), mine('a', 1)], null],
    [
      'the last capacity',
      taking({ a: 1 }, { remaining: 0 }),
      [],
      /last healthy capacity of m away, and what serves instead is rules/,
    ],
    [
      'the last capacity of nobody knows what',
      taking({ a: 1 }, { remaining: 0, instead: null }),
      [],
      /onIsolation/,
    ],
    [
      'put back an hour ago',
      taking({ a: 10 }),
      [mine('b', 10, { inForce: false, recent: false })],
      null,
    ],
    ['put back just now', taking({ a: 10 }), [mine('b', 10, { inForce: false })], /within an hour/],
    ['in force since long', taking({ a: 10 }), [mine('b', 1, { recent: false })], /at once/],
  ])('%s', (...values) => {
    const [, effect, others, expected] = values;
    if (expected === null) expect(reason(effect, others)).toBeNull();
    else expect(reason(effect, others)).toMatch(expected);
  });

  test('no percent is no replica', () => {
    const none = { targets: 2, modelPercent: 0, totalPercent: 100 };
    const caps = { atOnce: none, perHour: none };
    const around = { others: [], totalReplicas: TOTAL };
    expect(exceededIsolation(caps, taking({ a: 1 }), around)).toMatch(/the cap is 0 %/);
  });

  test('a percentage below one replica is one replica', () => {
    const small = taking({ a: 1 }, { capacity: 1, remaining: 3 });
    expect(exceededIsolation(DEFAULT_CAPS, small, { others: [], totalReplicas: 2 })).toBeNull();
    const two = taking({ a: 2 }, { capacity: 2, remaining: 3 });
    expect(exceededIsolation(DEFAULT_CAPS, two, { others: [], totalReplicas: 2 })).toMatch(
      /2 of 2/,
    );
  });
});

describe('what is left', () => {
  const serving = [
    { object: 'stable', ready: 19 },
    { object: 'canary', ready: 1 },
  ];
  const canary = {
    model: 'm',
    instead: null,
    objects: [{ object: 'canary', replicas: 1, stays: false }],
  };

  test.each<[string, readonly Isolated[], number, number]>([
    ['nothing else isolated', [], 20, 19],
    ['traffic taken away before', [mine('canary', 1, { stays: true })], 20, 19],
    ['stable without traffic', [mine('stable', 19, { stays: true })], 20, 0],
    ['stable about to be removed', [mine('stable', 19, { applied: false })], 20, 0],
    ['five of stable removed', [mine('stable', 5)], 25, 19],
    ['put back again', [mine('stable', 19, { inForce: false, stays: true })], 20, 19],
  ])('%s', (...values) => {
    const [, others, capacity, remaining] = values;
    expect(takingOf(canary, serving, others)).toMatchObject({ capacity, remaining });
  });

  test('an object that is not ready is not healthy', () => {
    const down = [{ object: 'stable', ready: 0 }, ...serving.slice(1)];
    expect(takingOf(canary, down, [])).toMatchObject({ capacity: 1, remaining: 0 });
  });
});

describe('sources', () => {
  const effect = { source: 's', model: 'm', approvalClass: 'R1', incidentsOfSource: 1 } as const;
  const capsOf = (change: Partial<SourceCaps>) => ({
    source: DEFAULT_CAPS.source,
    sources: { s: { ...DEFAULT_CAPS.source, ...change } },
  });

  test.each<
    [string, Partial<SourceCaps>, Partial<Parameters<typeof exceededSourceCap>[1]>, RegExp | null]
  >([
    ['within all', {}, {}, null],
    ['a person opened it', { highestClass: 'R0', models: [] }, { source: null }, null],
    ['a model of its own', { models: ['m'] }, {}, null],
    ['another model', { models: ['n'] }, {}, /may not touch m/],
    ['no model', { models: ['n'] }, { model: null }, /may not touch an unknown model/],
    ['only looking', { highestClass: 'R0' }, {}, /R0 at most/],
    ['looking', { highestClass: 'R0' }, { approvalClass: 'R0' }, null],
    ['the last incident', { incidentsPerHour: 3 }, { incidentsOfSource: 3 }, null],
    ['one too many', { incidentsPerHour: 3 }, { incidentsOfSource: 4 }, /more than 3 incidents/],
    ['as many as come', { incidentsPerHour: null }, { incidentsOfSource: 1_000 }, null],
    ['another source', { highestClass: 'R0' }, { source: 'constructor' }, null],
  ])('%s', (...values) => {
    const [, change, changed, expected] = values;
    const told = exceededSourceCap(capsOf(change), { ...effect, ...changed });
    if (expected === null) expect(told).toBeNull();
    else expect(told).toMatch(expected);
  });

  test('one more than the highest cap is counted, and nothing when there is none', () => {
    expect(incidentsToCount(capsOf({ incidentsPerHour: 50 }))).toBe(51);
    const none = { ...DEFAULT_CAPS.source, incidentsPerHour: null };
    expect(incidentsToCount({ source: none, sources: {} })).toBe(0);
  });
});
