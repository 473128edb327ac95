// Goal: a calendar that is written from a rotation says the same as the rotation, also where clocks change.
// Method: generated rotations, moments and ways to write them.
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { calendarAt } from '../domain/on-call-calendar.ts';
import { onCallAt, type Rotation } from '../domain/on-call.ts';
import { DAY_MS, instantOf } from '../domain/zoned-time.ts';
import { readIcal } from './ical.ts';
import { BERLIN, calendar, event } from './test-calendar.ts';

const PEOPLE = ['mona', 'olga', 'sam'];
const NAMES = Object.fromEntries(PEOPLE.map((id) => [id, [`${id}@lab.test`]]));
/** `20261123T090000`, of a reading in milliseconds. */
const stamp = (wall: number): string =>
  new Date(wall).toISOString().slice(0, 19).replaceAll(/[-:]/g, '');

/** A rotation as one event a turn, in UTC. */
function turnByTurn(rotation: Rotation, until: number): string {
  const { timeZone, startsAt, everyDays, people } = rotation;
  const first = Date.parse(`${startsAt}:00Z`);
  const events: string[] = [];
  for (let turn = 0; first + turn * everyDays * DAY_MS < until; turn += 1) {
    const [from, to] = [turn, turn + 1].map((one) =>
      stamp(instantOf(timeZone, first + one * everyDays * DAY_MS)),
    );
    const person = people[turn % people.length] ?? '';
    const times = [`DTSTART:${from ?? ''}Z`, `DTEND:${to ?? ''}Z`];
    events.push(event(`UID:${turn.toString()}`, ...times, `ATTENDEE:mailto:${person}@lab.test`));
  }
  return calendar(...events);
}

/** A rotation as one repeated event a person, on the wall clocks of its zone. */
function byPerson(
  { timeZone, startsAt, everyDays, people }: Rotation,
  zone: string | null,
): string {
  const first = Date.parse(`${startsAt}:00Z`);
  const events = people.map((person, place) => {
    const start = first + place * everyDays * DAY_MS;
    return event(
      `UID:${place.toString()}`,
      `SUMMARY:On call: ${person}`,
      `DTSTART;TZID=${timeZone}:${stamp(start)}`,
      zone === null
        ? `DTEND;TZID=${timeZone}:${stamp(start + everyDays * DAY_MS)}`
        : `DURATION:P${everyDays.toString()}D`,
      `RRULE:FREQ=DAILY;INTERVAL=${(everyDays * people.length).toString()}`,
      `ATTENDEE;CN=${person}:mailto:${person}@lab.test`,
    );
  });
  return calendar(...(zone === null ? [] : [zone]), ...events);
}

function expectSame(rotation: Rotation, text: string, minutes: number): void {
  const at = Date.parse('2026-03-20T00:00:00Z') + minutes * 60_000;
  const [from, until] = [at - 7 * DAY_MS, at + 90 * DAY_MS];
  const found = readIcal(text, { from, until, timeZone: 'UTC' });
  const span = { from: new Date(from).toISOString(), until: new Date(until).toISOString() };
  const reading = { ...span, readAt: span.from, ...found };
  const known = { schedule: 'ml', problem: null, reading };
  expect(found.findings).toEqual([]);
  for (const moment of [at, at + 3 * DAY_MS + 3_600_000]) {
    const wanted = onCallAt({ name: 'ml', rotation, overrides: [] }, moment);
    const { people } = calendarAt(known, NAMES, moment);
    expect({ moment, people }).toEqual({ moment, people: wanted.people });
  }
}

describe('a calendar that is written from a rotation answers the same person at every instant', () => {
  const minutes = fc.integer({ min: 0, max: 400 * 24 * 60 });
  const everyDays = fc.integer({ min: 1, max: 14 });
  const zones = fc.constantFrom('Europe/Berlin', 'America/New_York', 'Australia/Lord_Howe', 'UTC');
  const rotationOf = (timeZone: string, days: number, time: string): Rotation => ({
    ...{ timeZone, everyDays: days, people: PEOPLE },
    startsAt: `2026-03-01T${time}`,
  });

  test('turn by turn', () => {
    fc.assert(
      fc.property(zones, everyDays, minutes, (zone, days, minute) => {
        const rotation = rotationOf(zone, days, '09:00');
        const until = Date.parse('2026-04-01') + minute * 60_000;
        expectSame(rotation, turnByTurn(rotation, until), minute);
      }),
      { numRuns: 12 },
    );
  });

  test('repeated in a zone that only its name tells, also in the hour in which clocks change', () => {
    const times = fc.constantFrom('02:30', '09:00', '00:00');
    fc.assert(
      fc.property(zones, everyDays, minutes, times, (...[zone, days, minute, time]) => {
        const rotation = rotationOf(zone, days, time);
        expectSame(rotation, byPerson(rotation, null), minute);
      }),
      { numRuns: 30 },
    );
  });

  test('repeated in a zone that the calendar defines, with lengths in days', () => {
    fc.assert(
      fc.property(everyDays, minutes, (days, minute) => {
        const rotation = rotationOf('Europe/Berlin', days, '09:00');
        expectSame(rotation, byPerson(rotation, BERLIN), minute);
      }),
      { numRuns: 30 },
    );
  });
});
