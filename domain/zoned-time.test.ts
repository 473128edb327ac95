// Goal: days are counted on the calendar of a zone, and where two readings differ the earlier one is taken.
// Method: known dates around leap days and changes of the clocks, then properties over random instants and zones.
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { DAY_MS, HOUR_MS, dateIn, daysAfter, isTimeZone, workingDaysAfter } from './zoned-time.ts';

const iso = (instant: number): string => new Date(instant).toISOString();
const days = (start: string, count: number, zone: string): string =>
  iso(daysAfter(Date.parse(start), count, zone));
const workingDays = (start: string, count: number, zone: string): string =>
  iso(workingDaysAfter(Date.parse(start), count, zone));

describe('days', () => {
  test.each([
    ['a leap day', ['2028-02-28T10:00:00Z', 2, 'UTC'], '2028-03-01T10:00:00.000Z'],
    ['the same without one', ['2027-02-28T10:00:00Z', 2, 'UTC'], '2027-03-02T10:00:00.000Z'],
    ['beginning on a leap day', ['2028-02-29T23:59:59Z', 1, 'UTC'], '2028-03-01T23:59:59.000Z'],
    ['a century that leaps', ['2000-02-28T00:00:00Z', 2, 'UTC'], '2000-03-01T00:00:00.000Z'],
    ['a century that does not', ['2100-02-28T00:00:00Z', 2, 'UTC'], '2100-03-02T00:00:00.000Z'],
    ['a year’s end', ['2027-12-25T08:30:00Z', 10, 'UTC'], '2028-01-04T08:30:00.000Z'],
    ['milliseconds', ['2027-06-01T08:30:00.123Z', 1, 'Asia/Kathmandu'], '2027-06-02T08:30:00.123Z'],
  ] as const)('%s', (_title, [start, count, zone], end) => {
    expect(days(start, count, zone)).toBe(end);
  });

  test('clocks put forward make a day of 23 hours', () => {
    // Brussels, 28 March 2027: 12:00 +01:00 to 12:00 +02:00.
    expect(days('2027-03-27T11:00:00Z', 1, 'Europe/Brussels')).toBe('2027-03-28T10:00:00.000Z');
  });

  test('clocks put back leave it at 24 hours: the day of 25 ends later', () => {
    // Los Angeles, 7 November 2027: 12:00 -07:00 to 12:00 -08:00 would be 25 hours.
    expect(days('2027-11-06T19:00:00Z', 1, 'America/Los_Angeles')).toBe('2027-11-07T19:00:00.000Z');
  });

  test('a time of day that is left out is read as the earlier one', () => {
    // New York, 14 March 2027: 02:30 does not exist; 01:30 -05:00 is the earlier reading.
    expect(days('2027-03-13T07:30:00Z', 1, 'America/New_York')).toBe('2027-03-14T06:30:00.000Z');
  });

  test('a time of day that comes twice is read as the first one', () => {
    // New York, 7 November 2027: 01:30 comes at -04:00 and again at -05:00.
    expect(days('2027-11-06T05:30:00Z', 1, 'America/New_York')).toBe('2027-11-07T05:30:00.000Z');
  });

  test('a day that a place left out is read as ending before it', () => {
    // Samoa went from 29 to 31 December 2011: 30 December at 12:00 never was.
    expect(days('2011-12-29T22:00:00Z', 1, 'Pacific/Apia')).toBe('2011-12-29T22:00:00.000Z');
  });
});

describe('working days', () => {
  test.each([
    ['Friday to Monday', ['2027-01-08T10:00:00Z', 1, 'UTC'], '2027-01-11T10:00:00.000Z'],
    ['Saturday to Monday', ['2027-01-09T10:00:00Z', 1, 'UTC'], '2027-01-11T10:00:00.000Z'],
    ['fifteen are three weeks', ['2027-01-06T10:00:00Z', 15, 'UTC'], '2027-01-27T10:00:00.000Z'],
    ['over a leap day', ['2028-02-28T10:00:00Z', 2, 'UTC'], '2028-03-01T10:00:00.000Z'],
    // 23:30 on Friday in Los Angeles is Saturday in UTC.
    ['in the zone', ['2027-01-09T07:30:00Z', 1, 'America/Los_Angeles'], '2027-01-12T07:30:00.000Z'],
  ] as const)('%s', (_title, [start, count, zone], end) => {
    expect(workingDays(start, count, zone)).toBe(end);
  });
});

test.each([
  ['2027-01-01T04:59:59Z', 'America/New_York', '2026-12-31'],
  ['2027-01-01T05:00:00Z', 'America/New_York', '2027-01-01'],
  ['2028-02-29T23:00:00Z', 'Europe/Brussels', '2028-03-01'],
])('the day of %s in %s is %s', (instant, zone, date) => {
  expect(dateIn(zone, Date.parse(instant))).toBe(date);
});

test('a zone is one that this runtime knows', () => {
  expect(['UTC', 'Europe/Brussels', 'America/Los_Angeles'].map(isTimeZone)).toEqual([
    true,
    true,
    true,
  ]);
  expect(['', 'Europe/Atlantis', '../etc/passwd', 'utc+25'].map(isTimeZone)).toEqual([
    false,
    false,
    false,
    false,
  ]);
});

describe('over random instants', () => {
  const zones = [
    'UTC',
    'Europe/Brussels',
    'America/New_York',
    'America/Los_Angeles',
    'Asia/Kathmandu',
    'Australia/Lord_Howe',
    'Africa/Casablanca',
  ];
  const start = fc.integer({ min: Date.UTC(2024, 0, 1), max: Date.UTC(2040, 0, 1) });
  const input = fc.record({
    start,
    count: fc.integer({ min: 1, max: 60 }),
    zone: fc.constantFrom(...zones),
  });
  const runs = { numRuns: 300 };

  test('days never end later than as many times 24 hours, nor two hours sooner', () => {
    fc.assert(
      fc.property(input, ({ start: from, count, zone }) => {
        const length = daysAfter(from, count, zone) - from;
        expect(length).toBeLessThanOrEqual(count * DAY_MS);
        expect(length).toBeGreaterThanOrEqual(count * DAY_MS - 2 * HOUR_MS);
      }),
      runs,
    );
  });

  test('working days never end before as many days', () => {
    fc.assert(
      fc.property(input, ({ start: from, count, zone }) => {
        expect(workingDaysAfter(from, count, zone)).toBeGreaterThanOrEqual(
          daysAfter(from, count, zone),
        );
      }),
      runs,
    );
  });

  test('whoever learns of it later does not have to report sooner, changes of the clocks aside', () => {
    fc.assert(
      fc.property(input, fc.integer({ min: 0, max: DAY_MS }), (one, later) => {
        const { start: from, count, zone } = one;
        const slack = 2 * HOUR_MS;
        expect(daysAfter(from + later, count, zone) + slack).toBeGreaterThanOrEqual(
          daysAfter(from, count, zone),
        );
      }),
      runs,
    );
  });
});
