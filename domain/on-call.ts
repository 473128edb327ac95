import {
  calendarAt,
  findingsIn,
  type CalendarAnswer,
  type CalendarNames,
  type KnownCalendar,
} from './on-call-calendar.ts';
import { DAY_MS, instantOf, wallOf } from './zoned-time.ts';

/** People who take turns; hand-over is at the same time of day on the wall clocks of the zone. */
export interface Rotation {
  /** IANA name. */
  readonly timeZone: string;
  /** When the first person's first turn begins, on those wall clocks: `2026-11-23T09:00`. */
  readonly startsAt: string;
  /** Days of one turn. */
  readonly everyDays: number;
  /** Ids of people, in the order of their turns. */
  readonly people: readonly string[];
}

/** What every calendar outside is read with. */
interface CalendarSource {
  readonly refreshMinutes: number;
  readonly people: CalendarNames;
}

/** A calendar in the iCalendar format, at an address or in a file: one of both. */
export interface IcalSource extends CalendarSource {
  /** Often a secret: whoever has it reads the calendar. */
  readonly url?: string;
  /** Whole path of a file of the process that works. */
  readonly file?: string;
  /** IANA name: the zone of times and days that name none. */
  readonly timeZone: string;
}

/** A schedule of PagerDuty. */
export interface PagerdutySource extends CalendarSource {
  /** Name of an instance of the connector `pagerduty`. */
  readonly instance: string;
  /** The id of the schedule there. */
  readonly schedule: string;
}

/** Somebody stands in for a time. */
export interface Override {
  /** RFC 3339; the end is not part of it. */
  readonly from: string;
  readonly to: string;
  /** A person's id. */
  readonly person: string;
}

/** Who is on call when: by exactly one of rotation, iCalendar and PagerDuty. */
export interface OnCallSchedule {
  readonly name: string;
  readonly rotation?: Rotation;
  readonly ical?: IcalSource;
  readonly pagerduty?: PagerdutySource;
  /** The last one that holds at a time wins. */
  readonly overrides: readonly Override[];
}

/** Where the answer of a schedule comes from, and how old it is. */
export interface OnCallSource {
  readonly kind: 'rotation' | 'ical' | 'pagerduty';
  /** When the calendar outside was last read, RFC 3339 UTC; null for a rotation and before the first time. */
  readonly readAt: string | null;
  /** Why the latest try to read it brought nothing, so that an older reading counts; null when it did. */
  readonly problem: string | null;
}

/** Who is on call by a schedule at a moment; `people` is empty when it names nobody, and `reason` says why. */
export interface OnCall {
  readonly schedule: string;
  readonly people: readonly string[];
  /** The answer holds at least so long, RFC 3339 UTC; null when that is not known. */
  readonly until: string | null;
  readonly reason: string | null;
  readonly source: OnCallSource;
}

/** What a schedule answers: who is on call, who is next, and what is wrong in its calendar. */
export interface OnCallAnswer extends OnCall {
  /** Null when nobody else is in sight. */
  readonly next: { readonly people: readonly string[]; readonly from: string } | null;
  /** In words. */
  readonly findings: readonly string[];
}

/** How old an answer is that comes from a calendar outside which cannot be read now, in words; empty for every other one. */
export function ageOf({ source: { readAt, problem } }: Pick<OnCall, 'source'>): string {
  return problem === null || readAt === null ? '' : `, whose calendar was last read at ${readAt}`;
}

/** A person as people see them; `active` is false for who could not be told. */
export interface OnCallPerson {
  readonly id: string;
  readonly name: string;
  readonly active: boolean;
}

/** Who is on call by each schedule at a moment, as people see it. */
export interface OnCallView {
  /** RFC 3339 UTC. */
  readonly at: string;
  readonly schedules: readonly (Omit<OnCallAnswer, 'people' | 'next'> & {
    readonly people: readonly OnCallPerson[];
    readonly next: { readonly people: readonly OnCallPerson[]; readonly from: string } | null;
  })[];
}

/** What is known of the calendars outside, by the names of their schedules. */
export type KnownCalendars = ReadonlyMap<string, KnownCalendar>;

/** For schedules of which none has a calendar outside. */
const NO_CALENDARS: KnownCalendars = new Map();

/** Changes that are looked at to find who is next. */
const CHANGES_MAX = 100;

/** The calendar outside that a schedule is read from; null for a rotation. */
export function calendarOf({
  ical,
  pagerduty,
}: OnCallSchedule): IcalSource | PagerdutySource | null {
  return ical ?? pagerduty ?? null;
}

function sourceOf(schedule: OnCallSchedule, known: KnownCalendar | undefined): OnCallSource {
  if (schedule.rotation !== undefined) return { kind: 'rotation', readAt: null, problem: null };
  return {
    kind: schedule.ical === undefined ? 'pagerduty' : 'ical',
    readAt: known?.reading?.readAt ?? null,
    problem: known?.problem ?? null,
  };
}

/** The turn of a rotation at an instant (milliseconds), counted from 0; negative before it begins. */
function turnAt({ timeZone, startsAt, everyDays }: Rotation, at: number) {
  const first = Date.parse(`${startsAt}:00Z`);
  const beginOf = (turn: number): number => instantOf(timeZone, first + turn * everyDays * DAY_MS);
  const near = Math.floor((wallOf(timeZone, at) - first) / (everyDays * DAY_MS));
  // Where the clocks are changed, the wall's reading can be one turn off.
  const turn = [near + 1, near, near - 1].find((one) => beginOf(one) <= at) ?? near;
  return { turn, until: beginOf(Math.max(turn + 1, 0)) };
}

function rotationAt(rotation: Rotation, at: number): CalendarAnswer {
  const { turn, until } = turnAt(rotation, at);
  const person = turn < 0 ? undefined : rotation.people[turn % rotation.people.length];
  const ends = new Date(until).toISOString();
  if (person !== undefined) return { people: [person], until: ends, reason: null };
  const reason = `the rotation begins at ${rotation.startsAt} (${rotation.timeZone})`;
  return { people: [], until: ends, reason };
}

/** What a schedule says without those who stand in. */
function plainlyAt(
  schedule: OnCallSchedule,
  at: number,
  known: KnownCalendar | undefined,
): CalendarAnswer {
  if (schedule.rotation !== undefined) return rotationAt(schedule.rotation, at);
  return calendarAt(known, calendarOf(schedule)?.people ?? {}, at);
}

/** The earliest of an end and the times after `at` at which somebody begins to stand in. */
function earliest(end: string | null, overrides: readonly Override[], at: number): string | null {
  const changes = overrides.map(({ from }) => from).filter((from) => Date.parse(from) > at);
  if (end !== null) changes.push(end);
  const times = changes.map((change) => Date.parse(change));
  return times.length === 0 ? null : new Date(Math.min(...times)).toISOString();
}

/** Who is on call by a schedule at an instant (milliseconds since 1970), as far as its calendar is known. */
export function onCallAt(
  schedule: OnCallSchedule,
  at: number,
  calendars: KnownCalendars = NO_CALENDARS,
): OnCall {
  const { name, overrides } = schedule;
  const known = calendars.get(name);
  const common = { schedule: name, source: sourceOf(schedule, known) };
  const stand = overrides.findLast(({ from, to }) => Date.parse(from) <= at && at < Date.parse(to));
  if (stand !== undefined) {
    const until = earliest(stand.to, overrides, at);
    return { ...common, people: [stand.person], until, reason: null };
  }
  const { people, until, reason } = plainlyAt(schedule, at, known);
  return { ...common, people, until: earliest(until, overrides, at), reason };
}

/** Who is on call after those of an instant (milliseconds), and from when on; null when nobody else is in sight. */
function nextOnCall(
  schedule: OnCallSchedule,
  at: number,
  calendars: KnownCalendars,
): OnCallAnswer['next'] {
  let now = onCallAt(schedule, at, calendars);
  const before = now.people.join('\n');
  for (let count = 0; count < CHANGES_MAX && now.until !== null; count += 1) {
    const from = Date.parse(now.until);
    now = onCallAt(schedule, from, calendars);
    const { people } = now;
    if (people.length > 0 && people.join('\n') !== before) {
      return { people, from: new Date(from).toISOString() };
    }
  }
  return null;
}

/** Everything that a schedule answers about an instant (milliseconds). */
export function answerAt(
  schedule: OnCallSchedule,
  at: number,
  calendars: KnownCalendars = NO_CALENDARS,
): OnCallAnswer {
  const reading = calendars.get(schedule.name)?.reading ?? null;
  const names = calendarOf(schedule)?.people;
  return {
    ...onCallAt(schedule, at, calendars),
    next: nextOnCall(schedule, at, calendars),
    findings: reading === null || names === undefined ? [] : findingsIn(reading, names, at),
  };
}

/** Who is on call by the schedule of a name at a moment; null for one that is not there. */
export function onCallBy(
  schedules: () => readonly OnCallSchedule[],
  calendars: KnownCalendars = NO_CALENDARS,
): (name: string, at: Date) => OnCall | null {
  return (name, at) => {
    const schedule = schedules().find((one) => one.name === name);
    return schedule === undefined ? null : onCallAt(schedule, at.getTime(), calendars);
  };
}
