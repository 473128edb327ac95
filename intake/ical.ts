import ICAL from 'ical.js';
import { AppError, isAppError, toAppError } from '../domain/error.ts';
import type { CalendarEntry, CalendarReading } from '../domain/on-call-calendar.ts';
import { FINDINGS_MAX } from '../domain/on-call-calendar.ts';
import { calendarLine, NAME_CHARACTERS_MAX, TITLE_CHARACTERS_MAX } from './calendar-line.ts';
import { CalendarClocks, dropStrangeZones } from './ical-time.ts';
import { Steps } from './ical-recurrence.ts';
import { occurrencesOf, type Occurrence, type Series } from './ical-series.ts';

/** Which time of a calendar is wanted, in milliseconds since 1970, and the zone of what names none. */
export interface IcalWindow {
  readonly from: number;
  readonly until: number;
  /** IANA name. */
  readonly timeZone: string;
}

/** Entries of one calendar within its window at most. */
const ENTRIES_MAX = 5_000;
const ATTENDEES_MAX = 50;
/** Rooms and things come to events as well. */
const NOBODY: readonly string[] = ['ROOM', 'RESOURCE'];

function parse(text: string): ICAL.Component {
  let parsed: unknown;
  try {
    parsed = ICAL.parse(text);
  } catch (cause) {
    throw new AppError('invalid', 'The calendar is no iCalendar document.', { cause });
  }
  if (!Array.isArray(parsed) || parsed[0] !== 'vcalendar') {
    throw new AppError('invalid', 'The calendar does not consist of exactly one VCALENDAR.');
  }
  return new ICAL.Component(parsed);
}

function titleOf(event: ICAL.Component): string {
  const title = calendarLine(event.getFirstPropertyValue('summary'), TITLE_CHARACTERS_MAX);
  return title === '' ? 'an event without a summary' : title;
}

/** The addresses of who is invited and has not declined. Raises `invalid` for a crowd. */
function attendeesOf(event: ICAL.Component): readonly string[] {
  const invited = event.getAllProperties('attendee');
  if (invited.length > ATTENDEES_MAX) throw new AppError('invalid', 'it invites too many');
  return invited.flatMap((attendee) => {
    const kind = attendee.getFirstParameter('cutype');
    if (attendee.getFirstParameter('partstat') === 'DECLINED' || NOBODY.includes(kind)) return [];
    const address = calendarLine(attendee.getFirstValue(), NAME_CHARACTERS_MAX).replace(
      /^mailto:/iu,
      '',
    );
    return address === '' ? [] : [address];
  });
}

function entryOf({ event, from, to }: Occurrence): CalendarEntry {
  const title = titleOf(event);
  const summary = calendarLine(event.getFirstPropertyValue('summary'), NAME_CHARACTERS_MAX);
  return {
    from: new Date(from).toISOString(),
    to: new Date(to).toISOString(),
    title,
    names: [attendeesOf(event), summary === '' ? [] : [summary]],
  };
}

function sequenceOf(event: ICAL.Component): number {
  const sequence = event.getFirstPropertyValue('sequence');
  return typeof sequence === 'number' ? sequence : 0;
}

/** The events of a calendar by what they are versions of: the highest sequence of each counts, the last one of equals. */
function seriesOf(events: readonly ICAL.Component[]): readonly Series[] {
  const all = new Map<string, { master: ICAL.Component | null; changes: ICAL.Component[] }>();
  for (const [index, event] of events.entries()) {
    const uid = calendarLine(event.getFirstPropertyValue('uid'), NAME_CHARACTERS_MAX);
    // Without an identifier it is a version of nothing else.
    const key = uid === '' ? `#${index.toString()}` : `=${uid}`;
    const series = all.get(key) ?? { master: null, changes: [] };
    all.set(key, series);
    if (event.hasProperty('recurrence-id')) series.changes.push(event);
    else if (series.master === null || sequenceOf(event) >= sequenceOf(series.master)) {
      series.master = event;
    }
  }
  for (const { changes } of all.values()) changes.sort((a, b) => sequenceOf(a) - sequenceOf(b));
  return [...all.values()];
}

/** What of an event could not be understood, in words; what concerns the whole calendar is raised. */
function findingOf({ master, changes }: Series, error: unknown): string {
  if (isAppError(error) && error.code === 'too_large') throw error;
  const event = master ?? changes[0];
  const title = event === undefined ? 'an event' : titleOf(event);
  const why = isAppError(error) ? toAppError(error).message : 'it cannot be understood';
  return `"${title}" is left out: ${why}`;
}

/**
 * Who is named when by a calendar in the iCalendar format (RFC 5545), within a window: events with their attendees and
 * summary, repeated, changed and cancelled as the calendar says. An event that cannot be understood is a finding. Raises `invalid`
 * for what is no calendar, `too_large` for one with too many entries or that takes too much work.
 */
export function readIcal(
  text: string,
  window: IcalWindow,
): Pick<CalendarReading, 'entries' | 'findings'> {
  const calendar = parse(text);
  dropStrangeZones(calendar);
  const clocks = new CalendarClocks(calendar, window.timeZone);
  const steps = new Steps();
  const entries: CalendarEntry[] = [];
  const findings = new Set<string>();
  for (const series of seriesOf(calendar.getAllSubcomponents('vevent'))) {
    try {
      steps.begin();
      const found = occurrencesOf(series, { clocks, steps, window });
      entries.push(...found.map(entryOf));
    } catch (error) {
      const finding = findingOf(series, error);
      if (findings.size < FINDINGS_MAX) findings.add(finding);
    }
    if (entries.length > ENTRIES_MAX) {
      const most = ENTRIES_MAX.toString();
      throw new AppError('too_large', `The calendar has more than ${most} entries.`);
    }
  }
  entries.sort((a, b) => (a.from < b.from ? -1 : a.from > b.from ? 1 : 0));
  return { entries, findings: [...findings] };
}
