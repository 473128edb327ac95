// Goal: a calendar says who is on call as its owner sees it, also where clocks change, and no calendar keeps us busy or stops us.
// Method: events and their entries by hand; hostile calendars.
import { describe, expect, test } from '@jest/globals';
import { isAppError } from '../domain/error.ts';
import { wallOf } from '../domain/zoned-time.ts';
import { readIcal } from './ical.ts';
import { BERLIN, calendar, event } from './test-calendar.ts';

const WINDOW = {
  from: Date.parse('2026-03-20T00:00:00Z'),
  until: Date.parse('2026-04-10T00:00:00Z'),
  timeZone: 'Europe/Berlin',
};
const read = (...parts: readonly string[]) => readIcal(calendar(...parts), WINDOW);
/** `22 08:00 - 22 10:00 Mona` for each entry, in UTC. */
const shown = (...parts: readonly string[]): readonly string[] =>
  read(...parts).entries.map(({ from, to, names }) => {
    const brief = (time: string): string => `${time.slice(8, 10)} ${time.slice(11, 16)}`;
    return `${brief(from)} - ${brief(to)} ${names.flat().join('+')}`;
  });

const DAILY = [
  ...['UID:a', 'SUMMARY:Mona', 'DTSTART;TZID=Europe/Berlin:20260327T090000'],
  ...['DTEND;TZID=Europe/Berlin:20260327T100000', 'RRULE:FREQ=DAILY;COUNT=4'],
];
const NINE = 'DTSTART;TZID=Europe/Berlin:20260329T090000';
const TEN = 'DTEND;TZID=Europe/Berlin:20260329T100000';

describe('events', () => {
  test.each<[string, readonly string[], readonly string[]]>([
    [
      'repeated keep their time of day over the night in which clocks change',
      [event(...DAILY)],
      ['27 08:00 - 27 09:00 Mona', '28 08:00 - 28 09:00 Mona', '29 07:00 - 29 08:00 Mona'].concat(
        '30 07:00 - 30 08:00 Mona',
      ),
    ],
    [
      'are left out where they are excluded, by time or by day, in whatever zone that is said',
      [event(...DAILY, 'EXDATE:20260328T080000Z', 'EXDATE;VALUE=DATE:20260330')],
      ['27 08:00 - 27 09:00 Mona', '29 07:00 - 29 08:00 Mona'],
    ],
    [
      'are moved and given to somebody else, once',
      [
        event(...DAILY),
        event(
          ...['UID:a', 'RECURRENCE-ID:20260328T080000Z', 'SUMMARY:Olga'],
          ...['DTSTART:20260328T200000Z', 'DTEND:20260328T210000Z'],
        ),
      ],
      ['27 08:00 - 27 09:00 Mona', '28 20:00 - 28 21:00 Olga', '29 07:00 - 29 08:00 Mona'].concat(
        '30 07:00 - 30 08:00 Mona',
      ),
    ],
    [
      'are given to somebody else from a day on',
      [
        event(...DAILY),
        event(
          ...['UID:a', 'RECURRENCE-ID;RANGE=THISANDFUTURE;TZID=Europe/Berlin:20260329T090000'],
          ...['SUMMARY:Olga', 'DTSTART;TZID=Europe/Berlin:20260329T120000', 'DURATION:PT30M'],
        ),
      ],
      ['27 08:00 - 27 09:00 Mona', '28 08:00 - 28 09:00 Mona', '29 10:00 - 29 10:30 Olga'].concat(
        '30 10:00 - 30 10:30 Olga',
      ),
    ],
    [
      'are cancelled, one of them',
      [
        event(...DAILY),
        event('UID:a', 'RECURRENCE-ID:20260328T080000Z', 'STATUS:CANCELLED', NINE, TEN),
      ],
      ['27 08:00 - 27 09:00 Mona', '29 07:00 - 29 08:00 Mona', '30 07:00 - 30 08:00 Mona'],
    ],
    ['are cancelled, all of them', [event(...DAILY, 'STATUS:CANCELLED')], []],
    [
      'count in their newest version',
      [event(...DAILY, 'SEQUENCE:3', 'STATUS:CANCELLED'), event(...DAILY, 'SEQUENCE:2')],
      [],
    ],
    [
      'end with the last moment of their rule',
      [event(...DAILY.slice(0, 4), 'RRULE:FREQ=DAILY;UNTIL=20260329T070000Z')],
      ['27 08:00 - 27 09:00 Mona', '28 08:00 - 28 09:00 Mona', '29 07:00 - 29 08:00 Mona'],
    ],
    [
      'take place on further dates',
      [event('UID:d', 'SUMMARY:Sam', NINE, TEN, 'RDATE;TZID=Europe/Berlin:20260402T090000')],
      ['29 07:00 - 29 08:00 Sam', '02 07:00 - 02 08:00 Sam'],
    ],
    [
      'of a whole day are days of the zone of the schedule, 23 hours long where clocks change',
      [event('UID:b', 'SUMMARY:Sam', 'DTSTART;VALUE=DATE:20260329')],
      ['28 23:00 - 29 22:00 Sam'],
    ],
    [
      'without a zone go by the zone of the schedule',
      [event('UID:c', 'SUMMARY:Sam', 'DTSTART:20260401T080000', 'DTEND:20260401T100000')],
      ['01 06:00 - 01 08:00 Sam'],
    ],
    [
      'of a length in hours take those hours, of a day the day',
      [
        event('UID:1', 'DTSTART;TZID=Europe/Berlin:20260328T120000', 'DURATION:PT24H'),
        event('UID:2', 'DTSTART;TZID=Europe/Berlin:20260328T120000', 'DURATION:P1D'),
      ],
      ['28 11:00 - 29 11:00 ', '28 11:00 - 29 10:00 '],
    ],
    [
      'that overlap are all there',
      [event('UID:1', 'SUMMARY:A', NINE, TEN), event('UID:2', 'SUMMARY:B', NINE, TEN)],
      ['29 07:00 - 29 08:00 A', '29 07:00 - 29 08:00 B'],
    ],
    [
      'name who comes, neither who declined nor a room, and their summary',
      [
        event(
          ...['UID:1', 'SUMMARY:Cover', NINE, TEN, 'ATTENDEE:MAILTO:mona@lab.test'],
          'ATTENDEE;PARTSTAT=DECLINED:mailto:olga@lab.test',
          'ATTENDEE;CUTYPE=ROOM:mailto:room@lab.test',
        ),
      ],
      ['29 07:00 - 29 08:00 mona@lab.test+Cover'],
    ],
    [
      'in a zone of a name that only the calendar knows go by its definition',
      [
        BERLIN.replace('TZID:Europe/Berlin', 'TZID:W. Europe Standard Time'),
        event(
          ...['UID:1', 'SUMMARY:W', 'DTSTART;TZID="W. Europe Standard Time":20260329T090000'],
          'DTEND;TZID="W. Europe Standard Time":20260329T100000',
        ),
      ],
      ['29 07:00 - 29 08:00 W'],
    ],
    ['outside of the window are not there', [event('UID:1', 'DTSTART;VALUE=DATE:20260501')], []],
  ])('%s', (_name, parts, wanted) => {
    expect(read(...parts).findings).toEqual([]);
    expect(shown(...parts)).toEqual(wanted);
  });

  test('an occurrence says its time in the wall clocks of its zone', () => {
    const [first] = read(event(...DAILY)).entries;
    const wall = wallOf('Europe/Berlin', Date.parse(first?.from ?? ''));
    expect(new Date(wall).toISOString()).toBe('2026-03-27T09:00:00.000Z');
  });
});

const GOOD = event('UID:good', 'SUMMARY:Mona', NINE, TEN);
const ZONE_BOMB = BERLIN.replace(
  'FREQ=YEARLY;BYMONTH=3;BYDAY=-1SU',
  'FREQ=DAILY;BYMONTH=2;BYMONTHDAY=30',
);

describe('an event that cannot be understood is a finding, and the others count', () => {
  const rule = (text: string): string => event('UID:x', 'SUMMARY:X', NINE, TEN, `RRULE:${text}`);
  test.each<[string, string, string]>([
    ['repeats each second', rule('FREQ=SECONDLY'), 'it repeats secondly'],
    ['repeats each minute', rule('FREQ=MINUTELY'), 'it repeats minutely'],
    ['never comes, day by day', rule('FREQ=DAILY;BYMONTH=2;BYMONTHDAY=30'), 'or never'],
    ['never comes, year by year', rule('FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30'), 'or never'],
    ['never comes, hour by hour', rule('FREQ=HOURLY;BYMONTH=2;BYMONTHDAY=30'), 'or never'],
    ['has an endless step', rule('FREQ=DAILY;INTERVAL=2000000000'), 'steps that are too long'],
    [
      'has an endless rule',
      rule(`FREQ=YEARLY;BYYEARDAY=${Array.from({ length: 500 }, (_, n) => n - 250).join(',')}`),
      'its rule is too long',
    ],
    [
      'has repeated each hour since ever',
      event('UID:x', 'SUMMARY:X', 'DTSTART:19500101T000000Z', 'DURATION:PT1H', 'RRULE:FREQ=HOURLY'),
      'repeats too often',
    ],
    ['has no beginning', event('UID:x', 'SUMMARY:X'), 'it has no beginning'],
    [
      'ends before it begins',
      event('UID:x', 'SUMMARY:X', NINE, 'DTEND:20260101T000000Z'),
      'no time',
    ],
    ['has no end', event('UID:x', 'SUMMARY:X', NINE), 'it takes no time'],
    [
      'is of another age',
      event('UID:x', 'SUMMARY:X', 'DTSTART:00010101T000000Z'),
      'far from our days',
    ],
    [
      'is in a zone that nobody defines',
      event('UID:x', 'SUMMARY:X', 'DTSTART;TZID=Mars/Olympus:20260329T090000', 'DURATION:PT1H'),
      'its time zone "Mars/Olympus" is not defined',
    ],
    [
      'invites a crowd',
      event(
        ...['UID:x', 'SUMMARY:X', NINE, TEN],
        ...Array.from({ length: 51 }, (_, n) => `ATTENDEE:mailto:p${n.toString()}@lab.test`),
      ),
      'it invites too many',
    ],
    [
      'lists dates of another zone',
      event('UID:x', 'SUMMARY:X', NINE, TEN, 'RDATE:20260402T090000Z'),
      'of another time zone',
    ],
  ])('%s', (_name, part, said) => {
    const { entries, findings } = read(part, GOOD);
    expect(findings).toEqual([expect.stringContaining(said)]);
    expect(findings[0]).toMatch(/^"X" is left out: /);
    expect(entries.map(({ title }) => title)).toEqual(['Mona']);
  });

  test('a definition of a zone that would take for ever is none: the zone goes by its name', () => {
    expect(shown(ZONE_BOMB, GOOD)).toEqual(['29 07:00 - 29 08:00 Mona']);
    expect(shown(ZONE_BOMB.replace('TZID:Europe/Berlin\n', ''), GOOD)).toEqual([
      '29 07:00 - 29 08:00 Mona',
    ]);
  });

  test('words from outside are one line, and not long', () => {
    const evil = event('UID:x', `SUMMARY:Mo\\nna\u001b[2J${'x'.repeat(500)}`, NINE, TEN);
    const [entry] = read(evil).entries;
    expect(entry?.title).toMatch(/^Mo na \[2Jx+$/);
    expect(entry?.title).toHaveLength(120);
  });
});

describe('what is no calendar, or too much of one, is refused as a whole', () => {
  const many = (count: number, part: (n: number) => string): string =>
    calendar(...Array.from({ length: count }, (_, n) => part(n)));
  test.each<[string, string, string]>([
    ['nothing', '', 'invalid'],
    ['a page', '<!doctype html><title>Sign in</title>', 'invalid'],
    ['half a calendar', calendar(GOOD).slice(0, -40), 'invalid'],
    ['two calendars', calendar(GOOD) + calendar(GOOD), 'invalid'],
    ['a card', 'BEGIN:VCARD\r\nVERSION:4.0\r\nFN:Mona\r\nEND:VCARD\r\n', 'invalid'],
    [
      'more entries than a schedule has',
      many(11, (n) =>
        event(
          ...[`UID:${n.toString()}`, 'DTSTART:20260320T000000Z', 'DURATION:PT1H'],
          'RRULE:FREQ=HOURLY',
        ),
      ),
      'too_large',
    ],
    [
      'many events that take long',
      many(20, (n) =>
        event(`UID:${n.toString()}`, NINE, TEN, 'RRULE:FREQ=DAILY;BYMONTH=2;BYMONTHDAY=30'),
      ),
      'too_large',
    ],
  ])('%s', (_name, text, code) => {
    let raised: unknown;
    try {
      readIcal(text, WINDOW);
    } catch (error) {
      raised = error;
    }
    expect(isAppError(raised) && raised.code).toBe(code);
  });

  test('one without events is a calendar without entries', () => {
    expect(read()).toEqual({ entries: [], findings: [] });
  });
});
