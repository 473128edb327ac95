import type { Logger } from 'pino';
import type { ConnectorInstances } from '../activities/dependencies.ts';
import { AppError, toAppError } from '../domain/error.ts';
import { calendarOf, type KnownCalendars, type OnCallSchedule } from '../domain/on-call.ts';
import { namesSomebody, type CalendarReading } from '../domain/on-call-calendar.ts';
import { DAY_MS, HOUR_MS } from '../domain/zoned-time.ts';
import { digestOf } from '../evidence/digest.ts';
import type { StoredCalendar } from '../store/calendar-table.ts';
import type { Store } from '../store/tables.ts';
import { NO_VERSION, type CalendarAsked, type CalendarFound } from './calendar-reader.ts';
import { readIcalSource } from './ical-reader.ts';
import { readPagerdutySource } from './pagerduty-reader.ts';

/** Calendars that are read at the same time, and in one round at most: the others come in the next. */
const TOGETHER_MAX = 8;
const ROUND_MAX = 64;
/** A week back, for incidents that opened while nothing ran; and as far ahead as calendars are known. */
const BACK_MS = 7 * DAY_MS;
const AHEAD_MS = 90 * DAY_MS;
/** What is known less far ahead is read whole again, although it did not change. */
const AHEAD_MIN_MS = 60 * DAY_MS;
const MINUTE_MS = 60_000;
const WAIT_MAX_MS = HOUR_MS;

/** What reading the calendars outside needs. */
export interface ReadCalendarsOptions {
  readonly store: Pick<Store, 'calendars'>;
  readonly schedules: () => readonly OnCallSchedule[];
  readonly now: () => Date;
  readonly log: Pick<Logger, 'info' | 'warn'>;
  /** By which schedules of other systems are read. */
  readonly connectors: ConnectorInstances;
}

/** Reads the calendar of a schedule once. Raises the codes of a read, `invalid` and `too_large`. */
export function readCalendar(
  asked: CalendarAsked,
  connectors: ConnectorInstances,
): Promise<CalendarFound> {
  const { ical, pagerduty } = asked.schedule;
  if (ical !== undefined) return readIcalSource(ical, asked);
  if (pagerduty !== undefined) return readPagerdutySource(pagerduty, asked, connectors);
  throw new AppError('internal', 'A rotation is read from nowhere.');
}

/** Where a calendar is read, as a digest: an address may be a secret. Whom it names is no part of that. */
function sourceDigest({ ical, pagerduty }: OnCallSchedule): string {
  if (pagerduty !== undefined) {
    const { instance, schedule } = pagerduty;
    return digestOf({ instance, schedule });
  }
  const { url = null, file = null, timeZone = null } = ical ?? {};
  return digestOf({ url, file, timeZone });
}

/** The window of a reading at a moment. */
export function calendarWindow(now: Date): CalendarAsked['window'] {
  return { from: now.getTime() - BACK_MS, until: now.getTime() + AHEAD_MS };
}

function refreshMsOf(schedule: OnCallSchedule): number {
  return (calendarOf(schedule)?.refreshMinutes ?? 0) * MINUTE_MS;
}

function isDue(schedule: OnCallSchedule, known: StoredCalendar | undefined, now: Date): boolean {
  if (known === undefined || known.source !== sourceDigest(schedule)) return true;
  if (Date.parse(known.dueAt) <= now.getTime()) return true;
  // The configuration may ask for it more often by now; what failed waits.
  const { reading, problem } = known;
  if (reading === null || problem !== null) return false;
  return Date.parse(reading.readAt) + refreshMsOf(schedule) <= now.getTime();
}

/** The version that we have, when it is still good for long enough. */
function heldVersion(
  schedule: OnCallSchedule,
  known: StoredCalendar | undefined,
  now: Date,
): StoredCalendar['version'] | null {
  if (known?.reading === undefined || known.reading === null) return null;
  if (known.source !== sourceDigest(schedule)) return null;
  const isFar = Date.parse(known.reading.until) - now.getTime() >= AHEAD_MIN_MS;
  return isFar ? known.version : null;
}

/**
 * What was found as a reading. Raises `bad_reply` for one that names nobody of the schedule from now on: an empty calendar
 * takes nobody off call.
 */
export function readingOf(
  schedule: OnCallSchedule,
  found: Exclude<CalendarFound, 'unchanged'>,
  now: Date,
): CalendarReading {
  const { entries, findings } = found;
  if (!namesSomebody(found, calendarOf(schedule)?.people ?? {}, now.getTime())) {
    const count = entries.length.toString();
    const message = `It names nobody of this schedule from now on (entries: ${count}).`;
    throw new AppError('bad_reply', message);
  }
  const { from, until } = calendarWindow(now);
  return {
    readAt: now.toISOString(),
    from: new Date(from).toISOString(),
    until: new Date(until).toISOString(),
    ...{ entries, findings },
  };
}

async function readOnce(
  { store, now, connectors }: ReadCalendarsOptions,
  schedule: OnCallSchedule,
  known: StoredCalendar | undefined,
): Promise<void> {
  const at = now();
  const version = heldVersion(schedule, known, at);
  const window = calendarWindow(at);
  const found = await readCalendar({ schedule, window, version, now }, connectors);
  const common = {
    source: sourceDigest(schedule),
    dueAt: new Date(at.getTime() + refreshMsOf(schedule)).toISOString(),
  };
  const { name } = schedule;
  if (found !== 'unchanged') {
    const reading = readingOf(schedule, found, at);
    await store.calendars.read(name, { ...common, version: found.version, reading });
    return;
  }
  const reading = known?.reading ?? null;
  if (reading === null) throw new AppError('bad_reply', 'It says that it did not change.');
  const confirmed = { ...reading, readAt: at.toISOString() };
  await store.calendars.read(name, {
    ...common,
    version: version ?? NO_VERSION,
    reading: confirmed,
  });
}

/** How long a calendar is left alone after a failure: as long as it asks, else a minute, then twice as long each time, an hour at most. */
function waitAfter(error: AppError, failures: number): number {
  const backOffMs = MINUTE_MS * 2 ** Math.min(failures, 10);
  return Math.min(Math.max(error.retryAfterMs ?? 0, backOffMs), WAIT_MAX_MS);
}

async function readOrNote(
  options: ReadCalendarsOptions,
  schedule: OnCallSchedule,
  known: StoredCalendar | undefined,
): Promise<void> {
  const { store, now, log } = options;
  const { name } = schedule;
  try {
    await readOnce(options, schedule, known);
    if (known !== undefined && known.problem !== null) {
      log.info({ schedule: name }, 'the calendar is read again');
    }
  } catch (raised) {
    const error = toAppError(raised);
    const problem = `${error.code}: ${error.message}`;
    const waitMs = waitAfter(error, known?.failures ?? 0);
    const dueAt = new Date(now().getTime() + waitMs).toISOString();
    await store.calendars.failed(name, { source: sourceDigest(schedule), problem, dueAt });
    if (known?.problem !== problem) {
      log.warn({ schedule: name }, `the calendar is not read, its last reading counts: ${problem}`);
    }
  }
}

/**
 * Reads the calendars outside that are due, and answers what is known of all of them then. One that cannot be read, or that
 * names nobody any more, leaves what was read before. Raises only what the store raises.
 */
export async function readCalendars(options: ReadCalendarsOptions): Promise<KnownCalendars> {
  const { store, schedules, now } = options;
  const outside = schedules().filter((schedule) => calendarOf(schedule) !== null);
  if (outside.length === 0) return new Map();
  const known = new Map((await store.calendars.list()).map((one) => [one.schedule, one]));
  const due = outside
    .filter((schedule) => isDue(schedule, known.get(schedule.name), now()))
    .slice(0, ROUND_MAX);
  for (let next = 0; next < due.length; next += TOGETHER_MAX) {
    const batch = due.slice(next, next + TOGETHER_MAX);
    await Promise.all(
      batch.map((schedule) => readOrNote(options, schedule, known.get(schedule.name))),
    );
  }
  return due.length === 0 ? known : knownCalendars(store);
}

/** What is known of the calendars outside, by the names of their schedules. */
export async function knownCalendars(store: Pick<Store, 'calendars'>): Promise<KnownCalendars> {
  return new Map((await store.calendars.list()).map((one) => [one.schedule, one]));
}
