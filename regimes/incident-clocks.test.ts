// Goal: each shipped regime answers from declared facts as its row says, unknown is shown with what is missing, and of
// contradicting words the earliest deadline stands.
// Method: one line per regime with the facts that make it apply and the deadlines that then follow; words taken away, doubled
// and turned; an amendment as a change of data alone.
import { describe, expect, test } from '@jest/globals';
import type { Declarations, IncidentClocks } from '../domain/incident-clocks.ts';
import { incidentClocks, type Situation } from './incident-clocks.ts';
import { loadRegimes, type RegimeCatalogue } from './loader.ts';

const shipped = await loadRegimes();
const AWARE = '2027-12-30T22:30:00.000Z';
const LINKED = '2028-01-03T08:00:00.000Z';

const yes = (...names: readonly string[]): Declarations['facts'] =>
  names.map((name) => ({ name, holds: true }));
const no = (...names: readonly string[]): Declarations['facts'] =>
  names.map((name) => ({ name, holds: false }));

function clocksOf(
  declared: Partial<Declarations>,
  options: { readonly catalogue?: RegimeCatalogue; readonly now?: string } = {},
): IncidentClocks {
  const situation: Situation = {
    awareness: [
      { at: '2027-12-30T23:00:00.000Z', says: 'the incident was opened', fact: 2 },
      { at: AWARE, says: 'the first alert came in', fact: 1 },
    ],
    declared: { by: 'lena', facts: [], moments: [], settled: [], ...declared },
    now: Date.parse(options.now ?? '2028-01-04T00:00:00.000Z'),
  };
  return incidentClocks(options.catalogue ?? shipped, situation);
}

function regimeOf(clocks: IncidentClocks, id: string) {
  const found = clocks.regimes.find((one) => one.id === id);
  if (found === undefined) throw new Error(`${id} was dropped`);
  return found;
}

const AI_PROVIDER = ['euMarket', 'provider', 'highRisk'] as const;

/** Regime, the facts under which it applies, and what each of its clocks comes to: earliest, at once since, figure. */
const ROWS: readonly (readonly [
  id: string,
  facts: readonly string[],
  clocks: Readonly<Record<string, readonly [string | null, string | null, string | null]>>,
])[] = [
  [
    'eu-ai-act-73-2',
    [...AI_PROVIDER, 'seriousIncident'],
    { report: [LINKED, LINKED, '2028-01-14T22:30:00.000Z'] },
  ],
  [
    'eu-ai-act-73-3',
    [...AI_PROVIDER, 'widespreadInfringement'],
    { report: ['2028-01-01T22:30:00.000Z', null, '2028-01-01T22:30:00.000Z'] },
  ],
  [
    'eu-ai-act-73-3',
    [...AI_PROVIDER, 'criticalInfrastructure'],
    { report: ['2028-01-01T22:30:00.000Z', null, '2028-01-01T22:30:00.000Z'] },
  ],
  [
    'eu-ai-act-73-4',
    [...AI_PROVIDER, 'death'],
    { report: ['2028-01-09T22:30:00.000Z', null, '2028-01-09T22:30:00.000Z'] },
  ],
  ['eu-ai-act-73-5', [...AI_PROVIDER, 'seriousIncident'], {}],
  ['eu-ai-act-73-6', [...AI_PROVIDER, 'seriousIncident'], {}],
  [
    'eu-ai-act-26-5',
    ['euMarket', 'deployer', 'highRisk', 'seriousIncident'],
    { first: [AWARE, AWARE, null], then: [AWARE, AWARE, null] },
  ],
  ['eu-ai-act-start-date', ['euMarket', 'highRisk'], {}],
  ['eu-ai-act-55-1-c', ['euMarket', 'systemicRiskModel'], { report: [AWARE, AWARE, null] }],
  [
    'us-ca-22757-13',
    ['california', 'frontierDeveloper', 'imminentRisk'],
    {
      report: ['2028-01-14T22:30:00.000Z', null, '2028-01-14T22:30:00.000Z'],
      imminent: ['2027-12-31T22:30:00.000Z', null, '2027-12-31T22:30:00.000Z'],
    },
  ],
  [
    'us-ny-1422',
    ['newYork', 'frontierDeveloper', 'imminentRisk'],
    {
      report: ['2028-01-02T22:30:00.000Z', null, '2028-01-02T22:30:00.000Z'],
      imminent: ['2027-12-31T22:30:00.000Z', null, '2027-12-31T22:30:00.000Z'],
    },
  ],
  [
    'eu-gdpr-33',
    ['gdpr', 'personalDataBreach'],
    { report: ['2028-01-02T22:30:00.000Z', null, '2028-01-02T22:30:00.000Z'] },
  ],
];

describe('each regime', () => {
  test('but the one without a rule is in the table', () => {
    const covered = new Set(ROWS.map(([id]) => id));
    const others = shipped.regimes.filter(({ id }) => !covered.has(id)).map(({ id }) => id);
    expect(others).toEqual(['unverified-duties']);
  });

  test.each(ROWS)('%s applies when %j', (id, facts, clocks) => {
    const moments = [{ name: 'causalLink', at: LINKED }];
    const regime = regimeOf(clocksOf({ facts: yes(...facts), moments }), id);
    expect(regime).toMatchObject({
      answer: 'yes',
      missing: [],
      status: 'to be checked by counsel',
    });
    const told = regime.clocks.map(({ name, dueAt, atOnceSince, limitAt }) => [
      name,
      [dueAt, atOnceSince, limitAt],
    ]);
    expect(Object.fromEntries(told)).toEqual(clocks);
  });

  test.each(ROWS)('%s is not dropped while %j is not all said', (id, facts) => {
    // The last fact is the one that only a person can see in the incident.
    const [last = ''] = facts.slice(-1);
    const stated = facts.slice(0, -1);
    const clocks = clocksOf({ facts: yes(...stated) });
    const regime = regimeOf(clocks, id);
    const inner = regime.clocks.flatMap(({ missing }) => missing);
    expect([...regime.missing, ...inner]).toContain(last);
    expect(regime.answer).not.toBe('no');
  });

  test.each(ROWS)('%s does not apply when the first of %j is not so', (id, facts) => {
    const [first = '', ...others] = facts;
    const regime = regimeOf(clocksOf({ facts: [...no(first), ...yes(...others)] }), id);
    expect(regime).toMatchObject({ answer: 'no', clocks: [] });
  });
});

test('duties that nobody verified are shown as unknown, without a figure, whatever is said', () => {
  const everything = yes(...shipped.vocabulary.facts.map(({ name }) => name));
  expect(regimeOf(clocksOf({ facts: everything }), 'unverified-duties')).toMatchObject({
    answer: 'unknown',
    missing: [],
    clocks: [],
  });
});

describe('unknown', () => {
  test('runs like what applies, and stands before what does not', () => {
    const { regimes } = clocksOf({ facts: [...yes('gdpr'), ...no('euMarket')] });
    const gdpr = regimeOf({ ...clocksOf({}), regimes }, 'eu-gdpr-33');
    expect(gdpr).toMatchObject({ answer: 'unknown', missing: ['personalDataBreach'] });
    expect(gdpr.clocks).toMatchObject([{ state: 'overdue', dueAt: '2028-01-02T22:30:00.000Z' }]);
    const answers = regimes.map(({ answer }) => answer);
    expect(answers).toEqual(answers.toSorted((a, b) => (a === b ? 0 : a === 'no' ? 1 : -1)));
  });

  test('an inner rule that nobody answered is shown with its clock', () => {
    const facts = yes('newYork', 'frontierDeveloper');
    const { clocks } = regimeOf(clocksOf({ facts }), 'us-ny-1422');
    expect(clocks.map(({ name, answer, missing }) => [name, answer, missing])).toEqual([
      ['report', 'yes', []],
      ['imminent', 'unknown', ['imminentRisk']],
    ]);
  });

  test('a clock that is not owed is not shown', () => {
    const facts = [...yes('newYork', 'frontierDeveloper'), ...no('imminentRisk')];
    const { clocks } = regimeOf(clocksOf({ facts }), 'us-ny-1422');
    expect(clocks.map(({ name }) => name)).toEqual(['report']);
  });
});

describe('contradicting words', () => {
  const facts = yes('gdpr', 'personalDataBreach');
  const due = (declared: Partial<Declarations>): string | null | undefined =>
    regimeOf(clocksOf({ facts, ...declared }), 'eu-gdpr-33').clocks[0]?.dueAt;

  test('about when we knew: the earliest counts', () => {
    const earlier = { name: 'awareness', at: '2027-12-29T10:00:00+01:00' };
    expect(due({ moments: [{ name: 'awareness', at: '2028-01-03T00:00:00Z' }, earlier] })).toBe(
      '2028-01-01T09:00:00.000Z',
    );
  });

  test('nobody moves a deadline beyond what the log shows', () => {
    expect(due({ moments: [{ name: 'awareness', at: '2028-01-03T00:00:00Z' }] })).toBe(
      '2028-01-02T22:30:00.000Z',
    );
  });

  test('about a fact: it is not known, and the clock runs on', () => {
    const both = [...facts, ...no('personalDataBreach')];
    const clocks = clocksOf({ facts: both });
    expect(regimeOf(clocks, 'eu-gdpr-33')).toMatchObject({
      answer: 'unknown',
      missing: ['personalDataBreach'],
      clocks: [{ dueAt: '2028-01-02T22:30:00.000Z' }],
    });
    expect(clocks.facts.find(({ name }) => name === 'personalDataBreach')?.answer).toBe(
      'said both ways',
    );
  });

  test('the same word twice is one word', () => {
    expect(regimeOf(clocksOf({ facts: [...facts, ...facts] }), 'eu-gdpr-33').answer).toBe('yes');
  });
});

test('a clock that a named person settled says so, and the others run on', () => {
  const settlement = {
    kind: 'waived',
    at: '2028-01-03T00:00:00.000Z',
    by: 'lena',
    reason: 'counsel: no personal data',
  } as const;
  const facts = yes('gdpr', 'personalDataBreach', 'newYork', 'frontierDeveloper');
  const clocks = clocksOf({ facts, settled: [{ clock: 'eu-gdpr-33/report', settlement }] });
  expect(regimeOf(clocks, 'eu-gdpr-33').clocks).toMatchObject([{ state: 'waived', settlement }]);
  expect(regimeOf(clocks, 'us-ny-1422').clocks).toMatchObject([
    { state: 'overdue', settlement: null },
    { state: 'overdue' },
  ]);
});

describe('what is declared', () => {
  const settlement = { kind: 'met', at: '2029-01-01T00:00:00Z', by: 'lena', reason: null } as const;
  test.each([
    ['facts', { facts: yes('deth') }, /There is no "deth"; there are euMarket/],
    ['moments', { moments: [{ name: 'dawn', at: AWARE }] }, /There is no "dawn"/],
    ['moments', { moments: [{ name: 'awareness', at: '2029-01-01T00:00:00Z' }] }, /not come yet/],
    [
      'settled',
      { settled: [{ clock: 'eu-gdpr-33/x', settlement }] },
      /There is no "eu-gdpr-33\/x"/,
    ],
    ['settled', { settled: [{ clock: 'eu-gdpr-33/report', settlement }] }, /not come yet/],
  ] as const)('wrongly is refused, naming %s', (field, declared, message) => {
    expect(() => clocksOf(declared)).toThrow(message);
    expect(() => clocksOf(declared)).toThrow(expect.objectContaining({ code: 'invalid', field }));
  });
});

describe('an amendment', () => {
  const before = shipped.regimes.find(({ id }) => id === 'eu-gdpr-33');
  if (before === undefined) throw new Error('eu-gdpr-33 is shipped');
  const [report] = before.clocks;
  if (report === undefined) throw new Error('eu-gdpr-33 has a clock');
  const within = { count: 4, unit: 'day' } as const;
  const amended = (day: string): RegimeCatalogue => ({
    ...shipped,
    regimes: [
      { ...before, inForce: { from: null, until: day } },
      {
        ...before,
        version: 2,
        inForce: { from: day, until: null },
        status: 'confirmed',
        confirmed: { by: 'C. Ounsel', on: '2027-12-01' },
        clocks: [{ ...report, readings: [{ from: 'awareness', within, says: 'counsel' }] }],
      },
    ],
  });

  test.each([
    // 23:30 in Brussels on 30 December.
    ['before its', '2027-12-31', [1, '2028-01-02T22:30:00.000Z', 'to be checked by counsel']],
    ['on its', '2027-12-30', [2, '2028-01-03T22:30:00.000Z', 'confirmed']],
  ] as const)('is a change of data: %s day', (_title, day, [version, dueAt, status]) => {
    const facts = yes('gdpr', 'personalDataBreach');
    const { regimes } = clocksOf({ facts }, { catalogue: amended(day) });
    expect(regimes.map(({ answer }) => answer)).toEqual(['yes', 'no']);
    expect(regimes[0]).toMatchObject({ version, status, clocks: [{ dueAt }] });
    expect(regimes[1]?.inForce.then).toBe('no');
  });
});
