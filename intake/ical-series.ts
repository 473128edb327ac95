import ICAL from 'ical.js';
import { AppError } from '../domain/error.ts';
import { DAY_MS } from '../domain/zoned-time.ts';
import type { CalendarClocks, CalendarTime } from './ical-time.ts';
import { wallOf } from './ical-time.ts';
import { repeat, type Steps } from './ical-recurrence.ts';

/** An event, and what was changed in single repetitions of it. */
export interface Series {
  /** Null where a calendar has changes alone. */
  readonly master: ICAL.Component | null;
  readonly changes: readonly ICAL.Component[];
}

/** One time that an event takes place; in milliseconds since 1970, the end is not part of it. */
export interface Occurrence {
  readonly event: ICAL.Component;
  readonly from: number;
  readonly to: number;
}

/** What events are read with. */
export interface SeriesReading {
  readonly clocks: CalendarClocks;
  readonly steps: Steps;
  readonly window: { readonly from: number; readonly until: number };
}

const RULES_MAX = 5;
const DATES_MAX = 5_000;
const SECOND_MS = 1000;

/** From the beginning of an event to its end. */
type EndOf = (begin: number, wall: number) => number;

/** When an event begins, and how its end follows from that. */
interface Span {
  readonly start: CalendarTime;
  /** The first beginning and how long it lasts from there, in milliseconds. */
  readonly begin: number;
  readonly lengthMs: number;
  readonly endOf: EndOf;
}

/** A change that holds for every later repetition as well. */
interface Turn {
  /** From this instant on, which itself is the change's own. */
  readonly after: number;
  /** By how much the wall clocks' reading moves. */
  readonly shift: number;
  readonly event: ICAL.Component;
  readonly endOf: EndOf;
}

function timeOf(
  { clocks }: SeriesReading,
  event: ICAL.Component,
  name: string,
): CalendarTime | null {
  const property = event.getFirstProperty(name);
  return property === null ? null : clocks.timeOf(property, property.getFirstValue());
}

/** How the end follows from the beginning: as calendars show it, at the same time of day in each repetition. */
function endBy(start: CalendarTime, end: CalendarTime): EndOf {
  const { instantOf } = start.clock;
  if (start.clock.name === end.clock.name) {
    return (_begin, wall) => instantOf(wall + end.wall - start.wall);
  }
  const lengthMs = end.clock.instantOf(end.wall) - instantOf(start.wall);
  return (begin) => begin + lengthMs;
}

/** Days of a length go by the wall clocks, hours by the time that passes. */
function endAfter({ clock }: CalendarTime, length: ICAL.Duration): EndOf {
  const days = length.weeks * 7 + length.days;
  const rest = (length.hours * 60 + length.minutes) * 60 + length.seconds;
  return (_begin, wall) => clock.instantOf(wall + days * DAY_MS) + rest * SECOND_MS;
}

function spanOf(reading: SeriesReading, event: ICAL.Component): Span {
  const start = timeOf(reading, event, 'dtstart');
  if (start === null) throw new AppError('invalid', 'it has no beginning');
  const end = timeOf(reading, event, 'dtend');
  const length = event.getFirstPropertyValue('duration');
  const wholeDay: EndOf = (_begin, wall) => start.clock.instantOf(wall + DAY_MS);
  const endOf =
    end !== null
      ? endBy(start, end)
      : length instanceof ICAL.Duration
        ? endAfter(start, length)
        : wholeDay;
  const isOpen = end === null && !(length instanceof ICAL.Duration) && !start.isDay;
  const begin = beginOf(start);
  const lengthMs = isOpen ? 0 : endOf(begin, start.wall) - begin;
  if (lengthMs <= 0) throw new AppError('invalid', 'it takes no time');
  return { start, begin, lengthMs, endOf };
}

function beginOf({ clock, wall }: CalendarTime): number {
  return clock.instantOf(wall);
}

function isCancelled(event: ICAL.Component): boolean {
  return event.getFirstPropertyValue('status') === 'CANCELLED';
}

/** What is excluded: instants, and whole days as their walls show them. */
interface Exclusion {
  readonly instants: ReadonlySet<number>;
  readonly days: ReadonlySet<number>;
}

function excludedBy({ clocks }: SeriesReading, event: ICAL.Component): Exclusion {
  const instants = new Set<number>();
  const days = new Set<number>();
  for (const property of event.getAllProperties('exdate')) {
    for (const value of property.getValues()) {
      const time = clocks.timeOf(property, value);
      if (time.isDay) days.add(time.wall);
      else instants.add(beginOf(time));
    }
  }
  if (instants.size + days.size > DATES_MAX) {
    throw new AppError('invalid', 'it excludes too many dates');
  }
  return { instants, days };
}

/** True when a repetition lies behind the end of its rule. */
function isBehind(rule: ICAL.Recur, wall: number, { clock }: CalendarTime): boolean {
  const { until } = rule;
  if (until === null) return false;
  const end = wallOf(until);
  if (until.isDate) return wall >= end + DAY_MS;
  return until.zone === ICAL.Timezone.utcTimezone ? clock.instantOf(wall) > end : wall > end;
}

/** What the wall clocks show at the beginning of each repetition by the rules, up to the end of the window. */
function wallsByRules(reading: SeriesReading, event: ICAL.Component, span: Span): number[] {
  const rules = event.getAllProperties('rrule').map((property) => property.getFirstValue());
  const first = event.getFirstPropertyValue('dtstart');
  if (rules.length === 0) return [span.start.wall];
  if (rules.length > RULES_MAX || !(first instanceof ICAL.Time)) {
    throw new AppError('invalid', 'it has too many rules');
  }
  const { window, steps } = reading;
  const walls: number[] = [];
  for (const rule of rules) {
    if (!(rule instanceof ICAL.Recur)) throw new AppError('invalid', 'its rule is none');
    for (const time of repeat(rule, first, steps)) {
      const wall = wallOf(time);
      // A day more on each side: walls and instants differ by the offset of their zone.
      if (wall > window.until + DAY_MS || isBehind(rule, wall, span.start)) break;
      if (wall + span.lengthMs >= window.from - 2 * DAY_MS) walls.push(wall);
    }
  }
  return walls;
}

/** Further repetitions that are listed one by one. */
function datesOf({ clocks }: SeriesReading, event: ICAL.Component): readonly CalendarTime[] {
  const times = event
    .getAllProperties('rdate')
    .flatMap((property) => property.getValues().map((value) => clocks.timeOf(property, value)));
  if (times.length > DATES_MAX) throw new AppError('invalid', 'it lists too many dates');
  return times;
}

/** The instants at which a series was changed, and the changes that hold from there on. */
function changesOf(reading: SeriesReading, { changes }: Series) {
  const at = new Set<number>();
  const turns: Turn[] = [];
  const own: Occurrence[] = [];
  const newest = new Map<number, ICAL.Component>();
  for (const event of changes) {
    const original = timeOf(reading, event, 'recurrence-id');
    if (original === null) throw new AppError('invalid', 'it changes nothing that is known');
    newest.set(beginOf(original), event);
  }
  for (const [instant, event] of newest) {
    at.add(instant);
    const range = event.getFirstProperty('recurrence-id')?.getFirstParameter('range');
    const original = timeOf(reading, event, 'recurrence-id');
    const isFuture = range === 'THISANDFUTURE' && original !== null;
    if (isCancelled(event) && !isFuture) continue;
    const { start, begin: from, lengthMs, endOf } = spanOf(reading, event);
    if (!isCancelled(event)) own.push({ event, from, to: from + lengthMs });
    if (isFuture) turns.push({ after: instant, shift: start.wall - original.wall, event, endOf });
  }
  return { at, own, turns: turns.toSorted((a, b) => a.after - b.after) };
}

/** One repetition as the last change that holds from before has it; null when that took it away. */
function turned(
  wall: number,
  { turns, event, span }: { turns: readonly Turn[]; event: ICAL.Component; span: Span },
): Occurrence | null {
  const { instantOf } = span.start.clock;
  const original = instantOf(wall);
  const turn = turns.findLast(({ after }) => after < original);
  if (turn === undefined) return { event, from: original, to: span.endOf(original, wall) };
  if (isCancelled(turn.event)) return null;
  const moved = wall + turn.shift;
  const from = instantOf(moved);
  return { event: turn.event, from, to: turn.endOf(from, moved) };
}

/** When the event of a series takes place, but for the repetitions that were changed. */
function occurrencesOfMaster(
  reading: SeriesReading,
  master: ICAL.Component,
  { at, turns }: Pick<ReturnType<typeof changesOf>, 'at' | 'turns'>,
): readonly Occurrence[] {
  const span = spanOf(reading, master);
  const excluded = excludedBy(reading, master);
  const walls = new Set(wallsByRules(reading, master, span));
  for (const date of datesOf(reading, master)) {
    if (date.clock.name !== span.start.clock.name) {
      throw new AppError('invalid', 'it lists dates of another time zone than its own');
    }
    walls.add(date.wall);
  }
  return [...walls].flatMap((wall) => {
    const day = Math.floor(wall / DAY_MS) * DAY_MS;
    const instant = span.start.clock.instantOf(wall);
    if (excluded.instants.has(instant) || excluded.days.has(day) || at.has(instant)) return [];
    return turned(wall, { turns, event: master, span }) ?? [];
  });
}

/** When a series takes place within the window. Raises `invalid` for what cannot be understood, `too_large`. */
export function occurrencesOf(series: Series, reading: SeriesReading): readonly Occurrence[] {
  const { master } = series;
  if (master !== null && isCancelled(master)) return [];
  const changes = changesOf(reading, series);
  const own = master === null ? [] : occurrencesOfMaster(reading, master, changes);
  const { from: begin, until: end } = reading.window;
  return [...changes.own, ...own].filter(({ from, to }) => to > begin && from < end);
}
