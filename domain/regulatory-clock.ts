import type { InForce, Reading, Regime, RegimeClock, Span } from './regime.ts';
import { DAY_MS, HOUR_MS, dateIn, daysAfter, workingDaysAfter } from './zoned-time.ts';

/** Whether a regime or a clock applies; unknown is shown, never dropped. */
export interface Applicability {
  readonly answer: 'yes' | 'no' | 'unknown';
  /** Names of the facts that could decide it; empty unless it is unknown. */
  readonly missing: readonly string[];
}

/** Somebody's or something's word for when a moment was. */
export interface Sighting {
  /** RFC 3339. */
  readonly at: string;
  /** Who or what says so, for people. */
  readonly says: string;
  /** The fact of the incident that vouches for it; null for a person's word. */
  readonly fact: number | null;
}

/** Sightings of each moment, by its name in the vocabulary. */
export type Sightings = ReadonlyMap<string, readonly Sighting[]>;

/** What one reading comes to. */
export interface ReadDeadline {
  readonly reading: Reading;
  /** The earliest sighting of the moment that starts it; null while nobody saw it. */
  readonly start: Sighting | null;
  /** RFC 3339; null while it has not started. */
  readonly dueAt: string | null;
}

/** What all readings of a clock come to. */
export interface Deadline {
  /** The earliest of all; null while none has started. */
  readonly dueAt: string | null;
  /** Since when the report is owed at once; null when no such reading has started. */
  readonly atOnceSince: string | null;
  /** The earliest one that gives a figure; past it the clock is overdue. Null when none has started. */
  readonly limitAt: string | null;
  /** Earliest first, those that have not started last. */
  readonly readings: readonly ReadDeadline[];
}

/** A named person's word that a clock needs no more watching. */
export interface Settlement {
  readonly kind: 'met' | 'waived';
  /** When the report was sent, or when it was waived; RFC 3339. */
  readonly at: string;
  readonly by: string;
  /** Why; null only for a report that was sent. */
  readonly reason: string | null;
}

/**
 * How a clock stands: `due` once it is owed at once or its last reminder has come, `overdue` past the earliest figure,
 * `not started` while nobody saw what starts it.
 */
export type ClockState = 'not started' | 'running' | 'due' | 'overdue' | 'met' | 'waived';

/** The state, and whether the deadline passed before it was met; null where no figure says so. */
export interface ClockStanding {
  readonly state: ClockState;
  readonly late: boolean | null;
}

/** The earliest of some sightings; of equal ones the first. */
export function earliestOf(sightings: readonly Sighting[]): Sighting | null {
  const inOrder = sightings.toSorted((a, b) => Date.parse(a.at) - Date.parse(b.at));
  return inOrder[0] ?? null;
}

/** When a span after `start` ends, in milliseconds since 1970; days are counted on the calendar of the zone. */
function endOf(start: number, { count, unit }: Span, zone: string): number {
  if (unit === 'hour') return start + count * HOUR_MS;
  return unit === 'day' ? daysAfter(start, count, zone) : workingDaysAfter(start, count, zone);
}

function iso(instant: number): string {
  return new Date(instant).toISOString();
}

function read(reading: Reading, zone: string, sightings: Sightings): ReadDeadline {
  const start = earliestOf(sightings.get(reading.from) ?? []);
  if (start === null) return { reading, start, dueAt: null };
  const from = Date.parse(start.at);
  const due = reading.within === null ? from : endOf(from, reading.within, zone);
  return { reading, start, dueAt: iso(due) };
}

const NEVER = Number.POSITIVE_INFINITY;

function momentOf({ dueAt }: ReadDeadline): number {
  return dueAt === null ? NEVER : Date.parse(dueAt);
}

/** What the readings of a clock come to: of contradicting readings and sightings the earliest wins. */
export function deadlineOf(
  { readings }: Pick<RegimeClock, 'readings'>,
  zone: string,
  sightings: Sightings,
): Deadline {
  const all = readings
    .map((reading) => read(reading, zone, sightings))
    .toSorted((a, b) => (momentOf(a) === momentOf(b) ? 0 : momentOf(a) - momentOf(b)));
  const first = (wanted: (one: ReadDeadline) => boolean): string | null =>
    all.find((one) => one.dueAt !== null && wanted(one))?.dueAt ?? null;
  return {
    dueAt: first(() => true),
    atOnceSince: first(({ reading }) => reading.within === null),
    limitAt: first(({ reading }) => reading.within !== null),
    readings: all,
  };
}

function elapsedMs({ count, unit }: Span): number {
  return count * (unit === 'hour' ? HOUR_MS : DAY_MS);
}

/**
 * When people are reminded, in order, each moment once: before the earliest figure (never before its clock started), and
 * when something is owed at once, then and again after it.
 */
export function remindersOf(
  { atOnceSince, limitAt, readings }: Deadline,
  rungs: Regime['reminders'],
): readonly string[] {
  const starts = readings.flatMap(({ start }) => (start === null ? [] : Date.parse(start.at)));
  const begun = Math.min(...starts);
  const before =
    limitAt === null ? [] : rungs.before.map((span) => Date.parse(limitAt) - elapsedMs(span));
  const since = atOnceSince === null ? null : Date.parse(atOnceSince);
  const after =
    since === null ? [] : [since, ...rungs.after.map((span) => since + elapsedMs(span))];
  const moments = [...before.filter((moment) => moment > begun), ...after];
  return [...new Set(moments)].toSorted((a, b) => a - b).map(iso);
}

/** The moment from which a clock that gives a figure is due: its last reminder. */
function lastReminder(limit: number, { before }: Regime['reminders']): number {
  return before.length === 0 ? limit : limit - Math.min(...before.map(elapsedMs));
}

/** How a clock stands that nobody settled. */
function unsettled(
  { atOnceSince, limitAt, dueAt }: Deadline,
  rungs: Regime['reminders'],
  now: number,
): ClockStanding {
  if (dueAt === null) return { state: 'not started', late: null };
  const limit = limitAt === null ? NEVER : Date.parse(limitAt);
  if (now > limit) return { state: 'overdue', late: true };
  const owed = atOnceSince === null ? NEVER : Date.parse(atOnceSince);
  const due = now >= Math.min(owed, lastReminder(limit, rungs));
  return { state: due ? 'due' : 'running', late: limitAt === null ? null : false };
}

/** How a clock stands at `now` (milliseconds since 1970); a settlement is a named person's word. */
export function standingOf(
  deadline: Deadline,
  rungs: Regime['reminders'],
  at: { readonly now: number; readonly settlement: Settlement | null },
): ClockStanding {
  const { settlement, now } = at;
  if (settlement === null) return unsettled(deadline, rungs, now);
  if (settlement.kind === 'waived') return { state: 'waived', late: null };
  const { limitAt } = deadline;
  const late = limitAt === null ? null : Date.parse(settlement.at) > Date.parse(limitAt);
  return { state: 'met', late };
}

/** Whether a version of a regime was in force on the day of an instant; unknown where our source does not say. */
export function inForceAt(
  { from, until }: InForce,
  zone: string,
  instant: string,
): Applicability['answer'] {
  const day = dateIn(zone, Date.parse(instant));
  if (from !== null && day < from) return 'no';
  if (until !== null && day >= until) return 'no';
  return from === null ? 'unknown' : 'yes';
}
