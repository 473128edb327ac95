// Goal: a calendar means exactly the people whom the configuration names, everything else is told and never guessed.
// Method: readings by hand, at moments by hand.
import { describe, expect, test } from '@jest/globals';
import { onCallSchema } from './on-call-schema.ts';
import { answerAt, onCallAt, type KnownCalendars, type OnCallSchedule } from './on-call.ts';
import { FINDINGS_MAX, type CalendarEntry, type CalendarReading } from './on-call-calendar.ts';

const people = { mona: ['mona@lab.test', 'Mona'], olga: ['olga@lab.test'] };
const schedule: OnCallSchedule = {
  ...{ name: 'ops', overrides: [] },
  ical: { file: '/ops.ics', timeZone: 'UTC', refreshMinutes: 15, people },
};
const day = (date: number): string => `2026-11-${date.toString().padStart(2, '0')}T00:00:00.000Z`;
const entry = (from: number, to: number, ...names: readonly string[]): CalendarEntry => ({
  ...{ from: day(from), to: day(to), title: names.at(-1) ?? '' },
  names: [names.slice(0, -1), names.slice(-1)],
});
const READING: CalendarReading = {
  ...{ readAt: day(10), from: day(3), until: day(30), findings: [] },
  entries: [
    entry(5, 8, 'mona@lab.test', 'Cover'),
    entry(7, 9, 'olga@lab.test', 'boss@lab.test', 'Cover'),
    entry(10, 12, 'stranger@lab.test', 'Cover'),
    entry(12, 14, 'stranger@lab.test', 'Mona'),
    entry(14, 15, 'MONA@lab.test', 'mona'),
    entry(16, 17, 'olga@lab.test', 'Mona'),
  ],
};
const known = (reading: CalendarReading | null, problem: string | null = null): KnownCalendars =>
  new Map([['ops', { schedule: 'ops', reading, problem }]]);
const at = (date: number, calendars = known(READING)) =>
  onCallAt(schedule, Date.parse(day(date)), calendars);

describe('a calendar at a moment', () => {
  test.each<[string, number, readonly string[], number | null, string | null]>([
    ['before its first entry', 4, [], 5, 'nothing in its calendar covers this time'],
    ['at the beginning of an entry', 5, ['mona'], 7, null],
    ['where two entries overlap, both', 7, ['mona', 'olga'], 8, null],
    ['when the first of them has ended', 8, ['olga'], 9, null],
    ['in a gap', 9, [], 10, 'nothing in its calendar covers this time'],
    ['in an entry of a stranger', 10, [], 12, '"Cover" names nobody of this schedule'],
    ['by the summary, where no attendee is known', 12, ['mona'], 14, null],
    ['with names that are only alike', 14, [], 15, '"mona" names nobody of this schedule'],
    ['by the attendee before the summary', 16, ['olga'], 17, null],
    ['behind what was read', 30, [], null, 'its calendar is known from'],
    ['before what was read', 1, [], null, 'its calendar is known from'],
  ])('%s', (...[, date, wanted, until, reason]) => {
    const found = at(date);
    expect(found.people).toEqual(wanted);
    expect(found.until).toBe(until === null ? null : day(until));
    if (reason === null) expect(found.reason).toBeNull();
    else expect(found.reason).toContain(reason);
  });

  test('says how old it is, and why it is not newer', () => {
    const problem = 'unavailable: it is away';
    expect(at(5, known(READING, problem)).source).toEqual({
      ...{ kind: 'ical', readAt: day(10), problem },
    });
    expect(at(5, known(null, problem))).toMatchObject({
      ...{ people: [], until: null, reason: `its calendar was never read: ${problem}` },
    });
    expect(at(5, new Map()).reason).toContain('never read');
  });

  test('is overruled by who stands in', () => {
    const override = { from: day(6), to: day(7), person: 'olga' };
    const stood = { ...schedule, overrides: [override] };
    const on = (date: number) => onCallAt(stood, Date.parse(day(date)), known(READING));
    expect(on(5)).toMatchObject({ people: ['mona'], until: day(6) });
    expect(on(6)).toMatchObject({ people: ['olga'], until: day(7) });
  });
});

describe('what a schedule answers', () => {
  test('names who is next, over gaps and overlaps', () => {
    const next = (date: number) => answerAt(schedule, Date.parse(day(date)), known(READING)).next;
    expect(next(5)).toEqual({ people: ['mona', 'olga'], from: day(7) });
    expect(next(9)).toEqual({ people: ['mona'], from: day(12) });
    expect(next(16)).toBeNull();
  });

  test('lists what names nobody from then on, each once, and what was not understood', () => {
    const reading = { ...READING, findings: ['"X" is left out: it takes no time'] };
    const findings = (date: number) =>
      answerAt(schedule, Date.parse(day(date)), known(reading)).findings;
    expect(findings(5)).toEqual([
      '"Cover" names nobody of this schedule: stranger@lab.test',
      '"mona" names nobody of this schedule: MONA@lab.test',
      '"X" is left out: it takes no time',
    ]);
    expect(findings(15)).toEqual(['"X" is left out: it takes no time']);
    const crowd = Array.from({ length: 100 }, (_, n) => entry(10, 12, `s${n.toString()}`, 'S'));
    const many = known({ ...reading, entries: crowd });
    expect(answerAt(schedule, Date.parse(day(5)), many).findings).toHaveLength(FINDINGS_MAX);
  });
});

test.each<[string, unknown]>([
  ['both a rotation and a calendar', { rotation: { ...{ timeZone: 'UTC', people: ['mona'] } } }],
  ['neither address nor file', { ical: { people } }],
  ['address and file', { ical: { url: 'https://x.test/a.ics', file: '/a', people } }],
  ['a user in the address', { ical: { url: 'https://me:secret@x.test/a.ics', people } }],
  ['another scheme', { ical: { url: 'file:///etc/passwd', people } }],
  ['a file by half of its path', { ical: { file: 'ops.ics', people } }],
  ['nobody', { ical: { file: '/ops.ics', people: {} } }],
  ['one name for two', { ical: { file: '/ops.ics', people: { mona: ['x'], olga: ['x'] } } }],
  ['a zone that is none', { ical: { file: '/ops.ics', timeZone: 'Mars/Olympus', people } }],
])('%s is refused', (_name, change) => {
  const good = { name: 'ops', ical: { file: '/ops.ics', people } };
  expect(onCallSchema.safeParse(good).success).toBe(true);
  expect(onCallSchema.safeParse({ ...good, ...Object(change) }).success).toBe(false);
});
