// Goal: of contradicting readings and sightings the earliest wins, reminders come in time, and a clock's state follows from
// its deadline and a named person's word.
// Method: readings by hand around the moments at which something turns; then random readings in random order.
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import type { Reading, Regime, Span } from './regime.ts';
import {
  deadlineOf,
  earliestOf,
  inForceAt,
  remindersOf,
  standingOf,
  type Settlement,
  type Sighting,
  type Sightings,
} from './regulatory-clock.ts';

const sighting = (at: string, says = 'somebody'): Sighting => ({ at, says, fact: null });
const seen = (moments: Readonly<Record<string, readonly string[]>>): Sightings =>
  new Map(
    Object.entries(moments).map(([name, times]) => [name, times.map((time) => sighting(time))]),
  );
const span = (count: number, unit: Span['unit']): Span => ({ count, unit });
const reading = (from: string, within: Span | null): Reading => ({ from, within, says: 'a test' });

const AWARE = '2027-01-08T10:00:00.000Z';
const FIFTEEN = reading('awareness', span(15, 'day'));
const FIFTEEN_WORKING = reading('awareness', span(15, 'working day'));
const AT_ONCE = reading('causalLink', null);
const ZONE = 'Europe/Brussels';

describe('deadlines', () => {
  test('days come before working days, whatever the order', () => {
    for (const readings of [
      [FIFTEEN, FIFTEEN_WORKING],
      [FIFTEEN_WORKING, FIFTEEN],
    ]) {
      const deadline = deadlineOf({ readings }, ZONE, seen({ awareness: [AWARE] }));
      expect(deadline).toMatchObject({
        dueAt: '2027-01-23T10:00:00.000Z',
        limitAt: '2027-01-23T10:00:00.000Z',
        atOnceSince: null,
      });
      expect(deadline.readings.map(({ dueAt }) => dueAt)).toEqual([
        '2027-01-23T10:00:00.000Z',
        '2027-01-29T10:00:00.000Z',
      ]);
    }
  });

  test('of contradicting words for a moment the earliest counts', () => {
    const awareness = ['2027-01-10T00:00:00Z', '2027-01-08T11:00:00+02:00', AWARE];
    expect(deadlineOf({ readings: [FIFTEEN] }, ZONE, seen({ awareness }))).toMatchObject({
      dueAt: '2027-01-23T09:00:00.000Z',
      readings: [{ start: { at: '2027-01-08T11:00:00+02:00' } }],
    });
    expect(earliestOf([])).toBeNull();
  });

  test('at once is due when its moment was, and leaves the figure where it is', () => {
    const sightings = seen({ awareness: [AWARE], causalLink: ['2027-01-12T08:00:00Z'] });
    expect(deadlineOf({ readings: [FIFTEEN, AT_ONCE] }, ZONE, sightings)).toMatchObject({
      dueAt: '2027-01-12T08:00:00.000Z',
      atOnceSince: '2027-01-12T08:00:00.000Z',
      limitAt: '2027-01-23T10:00:00.000Z',
    });
  });

  test('what nobody saw has not started, and stands last', () => {
    const deadline = deadlineOf(
      { readings: [AT_ONCE, FIFTEEN] },
      ZONE,
      seen({ awareness: [AWARE] }),
    );
    expect(deadline.readings.map(({ dueAt }) => dueAt)).toEqual(['2027-01-23T10:00:00.000Z', null]);
    expect(deadlineOf({ readings: [AT_ONCE] }, ZONE, new Map())).toMatchObject({
      dueAt: null,
      atOnceSince: null,
      limitAt: null,
    });
  });

  test('hours have passed, days are counted on the calendar', () => {
    // Clocks in Brussels are put forward on 28 March 2027.
    const sightings = seen({ awareness: ['2027-03-27T11:00:00Z'] });
    const due = (within: Span): string | null =>
      deadlineOf({ readings: [reading('awareness', within)] }, ZONE, sightings).dueAt;
    expect(due(span(24, 'hour'))).toBe('2027-03-28T11:00:00.000Z');
    expect(due(span(1, 'day'))).toBe('2027-03-28T10:00:00.000Z');
  });

  test('no reading and no sighting ever makes a deadline later', () => {
    const readings = fc.array(
      fc.record({
        from: fc.constantFrom('awareness', 'discovery', 'causalLink'),
        within: fc.option(
          fc.record({
            count: fc.integer({ min: 1, max: 40 }),
            unit: fc.constantFrom<Span['unit']>('hour', 'day', 'working day'),
          }),
        ),
        says: fc.constant('a test'),
      }),
      { minLength: 1, maxLength: 6 },
    );
    const times = fc.array(
      fc.date({ min: new Date('2026-01-01'), max: new Date('2030-01-01'), noInvalidDate: true }),
      { minLength: 1, maxLength: 4 },
    );
    const dueOf = (all: readonly Reading[], awareness: readonly Date[]): number =>
      Date.parse(
        deadlineOf(
          { readings: all },
          ZONE,
          seen({ awareness: awareness.map((time) => time.toISOString()) }),
        ).dueAt ?? '9999-01-01T00:00:00Z',
      );
    fc.assert(
      fc.property(readings, times, (all, awareness) => {
        const due = dueOf(all, awareness);
        expect(due).toBeLessThanOrEqual(dueOf(all.slice(1), awareness));
        expect(due).toBeLessThanOrEqual(dueOf(all, awareness.slice(1)));
        expect(due).toBe(dueOf(all.toReversed(), awareness.toReversed()));
      }),
      { numRuns: 200 },
    );
  });
});

const RUNGS: Regime['reminders'] = {
  before: [span(2, 'day'), span(4, 'hour')],
  after: [span(1, 'hour')],
};

describe('reminders', () => {
  test('come before the figure, in order', () => {
    const deadline = deadlineOf({ readings: [FIFTEEN] }, ZONE, seen({ awareness: [AWARE] }));
    expect(remindersOf(deadline, RUNGS)).toEqual([
      '2027-01-21T10:00:00.000Z',
      '2027-01-23T06:00:00.000Z',
    ]);
  });

  test('never before the clock began', () => {
    const day = reading('awareness', span(24, 'hour'));
    const deadline = deadlineOf({ readings: [day] }, ZONE, seen({ awareness: [AWARE] }));
    expect(remindersOf(deadline, RUNGS)).toEqual(['2027-01-09T06:00:00.000Z']);
  });

  test('come at once, and again, where something is owed at once', () => {
    const sightings = seen({ causalLink: [AWARE] });
    expect(remindersOf(deadlineOf({ readings: [AT_ONCE] }, ZONE, sightings), RUNGS)).toEqual([
      '2027-01-08T10:00:00.000Z',
      '2027-01-08T11:00:00.000Z',
    ]);
    expect(remindersOf(deadlineOf({ readings: [AT_ONCE] }, ZONE, new Map()), RUNGS)).toEqual([]);
  });
});

describe('how a clock stands', () => {
  const counted = deadlineOf({ readings: [FIFTEEN] }, ZONE, seen({ awareness: [AWARE] }));
  const both = deadlineOf(
    { readings: [FIFTEEN, AT_ONCE] },
    ZONE,
    seen({ awareness: [AWARE], causalLink: ['2027-01-12T08:00:00Z'] }),
  );
  const onlyAtOnce = deadlineOf({ readings: [AT_ONCE] }, ZONE, seen({ causalLink: [AWARE] }));
  const nothing = deadlineOf({ readings: [FIFTEEN] }, ZONE, new Map());

  test.each([
    ['before its last reminder', [counted, '2027-01-23T05:59:59.999Z'], ['running', false]],
    ['at its last reminder', [counted, '2027-01-23T06:00:00.000Z'], ['due', false]],
    ['at the deadline', [counted, '2027-01-23T10:00:00.000Z'], ['due', false]],
    ['after it', [counted, '2027-01-23T10:00:00.001Z'], ['overdue', true]],
    ['before what is owed at once', [both, '2027-01-12T07:59:59.999Z'], ['running', false]],
    ['once it is owed at once', [both, '2027-01-12T08:00:00.000Z'], ['due', false]],
    [
      'past the figure of one that is owed at once',
      [both, '2027-02-01T00:00:00Z'],
      ['overdue', true],
    ],
    ['long after an at once without a figure', [onlyAtOnce, '2028-01-01T00:00:00Z'], ['due', null]],
    ['before anybody saw its start', [nothing, '2028-01-01T00:00:00Z'], ['not started', null]],
  ] as const)('%s', (_title, [deadline, now], [state, late]) => {
    const at = { now: Date.parse(now), settlement: null };
    expect(standingOf(deadline, RUNGS, at)).toEqual({ state, late });
  });

  test.each([
    ['met in time', ['met', '2027-01-23T10:00:00.000Z'], { state: 'met', late: false }],
    ['met too late', ['met', '2027-01-23T10:00:00.001Z'], { state: 'met', late: true }],
    ['waived', ['waived', '2027-02-01T00:00:00Z'], { state: 'waived', late: null }],
  ] as const)('%s, whatever the time is now', (_title, [kind, at], standing) => {
    const settlement: Settlement = { kind, at, by: 'lena', reason: 'counsel says so' };
    const now = Date.parse('2027-03-01T00:00:00Z');
    expect(standingOf(counted, RUNGS, { now, settlement })).toEqual(standing);
  });
});

test.each([
  [{ from: '2027-12-02', until: null }, '2027-12-01T22:59:59Z', 'no'],
  // Midnight in Brussels.
  [{ from: '2027-12-02', until: null }, '2027-12-01T23:00:00Z', 'yes'],
  [{ from: '2027-12-02', until: '2028-02-29' }, '2028-02-28T23:00:00Z', 'no'],
  [{ from: null, until: '2028-02-29' }, '2028-03-01T00:00:00Z', 'no'],
  [{ from: null, until: null }, '2027-01-01T00:00:00Z', 'unknown'],
] as const)('in force %j at %s: %s', (inForce, instant, answer) => {
  expect(inForceAt(inForce, ZONE, instant)).toBe(answer);
});
