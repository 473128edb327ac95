// Goal: at each moment exactly one person has the turn, who hands over at the same time of day on the wall clocks, over changes of
// them too. Method: rotations in zones with and without summer time, against turns that were worked out by hand, and laws by generated cases.
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { onCallSchema } from './on-call-schema.ts';
import { answerAt, onCallAt, onCallBy, type OnCallSchedule, type Rotation } from './on-call.ts';

const ROTATION: Rotation = {
  ...{ timeZone: 'Europe/Berlin', startsAt: '2026-03-23T09:00', everyDays: 7 },
  people: ['mona', 'olga', 'sam'],
};
const BERLIN: OnCallSchedule = { name: 'ml', rotation: ROTATION, overrides: [] };
const at = (schedule: OnCallSchedule, time: string) => onCallAt(schedule, Date.parse(time));

describe('a rotation', () => {
  // On 29 March 2026 the clocks of Berlin go from 02:00 to 03:00, so that the first turn has an hour less.
  test.each([
    ['before the first turn', '2026-03-23T07:59:59Z', [], null],
    ['at its very beginning', '2026-03-23T08:00:00Z', ['mona'], '2026-03-30T07:00:00.000Z'],
    ['an hour before 09:00 of summer time', '2026-03-30T06:00:00Z', ['mona'], null],
    ['a moment before the hand-over', '2026-03-30T06:59:59Z', ['mona'], null],
    ['at the hand-over', '2026-03-30T07:00:00Z', ['olga'], '2026-04-06T07:00:00.000Z'],
    ['in the third turn', '2026-04-08T00:00:00Z', ['sam'], null],
    ['when the first has the turn again', '2026-04-13T07:00:00Z', ['mona'], null],
    // On 25 October they go back: the hand-over is at 08:00 UTC again.
    ['an hour before 09:00 of winter time', '2026-10-26T07:30:00Z', ['mona'], null],
    ['at 09:00 of winter time', '2026-10-26T08:00:00Z', ['olga'], null],
  ])('%s', (...[, time, people, until]) => {
    const found = at(BERLIN, time);
    expect(found.people).toEqual(people);
    if (until !== null) expect(found.until).toBe(until);
    expect(found.reason === null).toBe(people.length > 0);
  });

  test('of which the hand-over falls into an hour that is left out goes on', () => {
    const night = { ...ROTATION, startsAt: '2026-03-28T02:30', everyDays: 1 };
    const schedule = { ...BERLIN, rotation: night };
    expect(at(schedule, '2026-03-29T00:29:00Z').people).toEqual(['mona']);
    expect(at(schedule, '2026-03-29T02:00:00Z').people).toEqual(['olga']);
    expect(at(schedule, '2026-03-30T00:30:00Z').people).toEqual(['sam']);
  });

  test('leaves no moment without somebody, and nobody longer than their turn', () => {
    const zones = [
      'Europe/Berlin',
      'America/New_York',
      'Asia/Kolkata',
      'Australia/Lord_Howe',
      'UTC',
    ];
    const from = Date.parse('2026-03-25T00:00:00Z');
    fc.assert(
      fc.property(
        fc.constantFrom(...zones),
        fc.integer({ min: 1, max: 14 }),
        fc.integer({ min: 0, max: 400 * 24 * 60 }),
        (timeZone, everyDays, minutes) => {
          const schedule = { ...BERLIN, rotation: { ...ROTATION, timeZone, everyDays } };
          const now = from + minutes * 60_000;
          const { people, until } = onCallAt(schedule, now);
          expect(people).toHaveLength(1);
          const end = Date.parse(until ?? '');
          expect(end).toBeGreaterThan(now);
          expect(end - now).toBeLessThanOrEqual((everyDays * 24 + 1) * 3_600_000);
          expect(onCallAt(schedule, end - 1).people).toEqual(people);
          expect(onCallAt(schedule, end).people).not.toEqual(people);
        },
      ),
    );
  });
});

describe('who stands in', () => {
  const override = (from: string, to: string, person: string) => ({ from, to, person });
  const schedule: OnCallSchedule = {
    ...BERLIN,
    overrides: [
      override('2026-03-24T00:00:00Z', '2026-03-26T00:00:00Z', 'kim'),
      override('2026-03-25T00:00:00+01:00', '2026-03-25T12:00:00Z', 'lea'),
    ],
  };
  test.each([
    ['2026-03-23T23:59:59Z', 'mona'],
    ['2026-03-24T00:00:00Z', 'kim'],
    ['2026-03-24T22:59:59Z', 'kim'],
    ['2026-03-24T23:00:00Z', 'lea'],
    ['2026-03-25T12:00:00Z', 'kim'],
    ['2026-03-26T00:00:00Z', 'mona'],
  ])('at %s it is %s', (time, person) => {
    expect(at(schedule, time).people).toEqual([person]);
  });

  test('ends a turn that is told, and is the next one', () => {
    const now = Date.parse('2026-03-23T12:00:00Z');
    expect(answerAt(schedule, now)).toMatchObject({
      ...{ people: ['mona'], until: '2026-03-24T00:00:00.000Z' },
      next: { people: ['kim'], from: '2026-03-24T00:00:00.000Z' },
    });
  });

  test('does so before the rotation begins as well', () => {
    const early = { ...schedule, rotation: { ...ROTATION, startsAt: '2027-01-01T09:00' } };
    expect(at(early, '2026-03-24T01:00:00Z').people).toEqual(['kim']);
    expect(at(early, '2026-03-27T01:00:00Z')).toMatchObject({
      people: [],
      until: '2027-01-01T08:00:00.000Z',
    });
  });
});

test('a schedule that is not there is nothing, not nobody', () => {
  const find = onCallBy(() => [BERLIN]);
  expect(find('ml', new Date('2026-03-24T00:00:00Z'))?.people).toEqual(['mona']);
  expect(find('other', new Date('2026-03-24T00:00:00Z'))).toBeNull();
});

test.each([
  ['a zone that is none', { rotation: { ...ROTATION, timeZone: 'Mars/Olympus' } }],
  ['a time that is none', { rotation: { ...ROTATION, startsAt: '2026-13-40T09:00' } }],
  ['nobody', { rotation: { ...ROTATION, people: [] } }],
  ['a turn of no days', { rotation: { ...ROTATION, everyDays: 0 } }],
  [
    'an end before its beginning',
    { overrides: [{ from: '2026-03-26T00:00:00Z', to: '2026-03-25T00:00:00Z', person: 'kim' }] },
  ],
])('%s is refused', (_name, change) => {
  expect(onCallSchema.safeParse(BERLIN).success).toBe(true);
  expect(onCallSchema.safeParse({ ...BERLIN, ...change }).success).toBe(false);
});
