import { z } from 'zod';
import type { CalendarReading } from '../domain/on-call-calendar.ts';
import type { CalendarTable, StoredCalendar } from './calendar-table.ts';
import { cleanText, document, jsonText, timestamp } from './column.ts';
import type { Connection } from './connection.ts';

/** As many as a configuration has schedules. */
const CALENDARS_MAX = 5_000;
const PROBLEM_CHARACTERS_MAX = 1_000;

const LIST = {
  name: 'on-call-calendar-list',
  text: `select schedule, source, problem, failures, due_at as "dueAt", read_at as "readAt",
      covers_from as "from", covers_until as "until", entries, findings, etag, last_modified as "lastModified"
    from firebreak.on_call_calendar order by schedule limit $1`,
};

const READ = {
  name: 'on-call-calendar-read',
  text: `insert into firebreak.on_call_calendar as c
      (schedule, source, due_at, read_at, covers_from, covers_until, entries, findings, etag, last_modified)
    values ($1, $2, $3, $4, $5, $6, $7::json, $8::json, $9, $10)
    on conflict (schedule) do update set source = excluded.source, problem = null, failures = 0,
      due_at = excluded.due_at, read_at = excluded.read_at, covers_from = excluded.covers_from,
      covers_until = excluded.covers_until, entries = excluded.entries, findings = excluded.findings,
      etag = excluded.etag, last_modified = excluded.last_modified
    where c.read_at is null or c.read_at <= excluded.read_at`,
};

/** Another source is another version: what the old one called it says nothing. */
const FAILED = {
  name: 'on-call-calendar-failed',
  text: `insert into firebreak.on_call_calendar as c (schedule, source, problem, failures, due_at)
    values ($1, $2, $3, 1, $4)
    on conflict (schedule) do update set problem = excluded.problem, failures = c.failures + 1,
      due_at = excluded.due_at, source = excluded.source,
      etag = case when c.source = excluded.source then c.etag end,
      last_modified = case when c.source = excluded.source then c.last_modified end`,
};

const calendarRow: z.ZodType<StoredCalendar> = z
  .object({
    schedule: z.string(),
    source: z.string(),
    problem: z.string().nullable(),
    failures: z.number(),
    dueAt: timestamp,
    readAt: timestamp.nullable(),
    from: timestamp.nullable(),
    until: timestamp.nullable(),
    entries: document<CalendarReading['entries'] | null>(),
    findings: document<CalendarReading['findings'] | null>(),
    etag: z.string().nullable(),
    lastModified: z.string().nullable(),
  })
  .transform(({ readAt, from, until, entries, findings, etag, lastModified, ...row }) => {
    const isRead =
      readAt !== null && from !== null && until !== null && entries !== null && findings !== null;
    const reading = isRead ? { readAt, from, until, entries, findings } : null;
    return { ...row, reading, version: { etag, lastModified } };
  });

/** Calendars over a connection; see the contract for what each function answers. */
export function createCalendarTable(connection: Connection): CalendarTable {
  return {
    list: () => connection.rows(LIST, [CALENDARS_MAX], calendarRow),
    read: async (schedule, { source, version, dueAt, reading }) => {
      const { readAt, from, until, entries, findings } = reading;
      const said = [jsonText(entries), jsonText(findings), version.etag, version.lastModified];
      await connection.write(READ, [schedule, source, dueAt, readAt, from, until, ...said]);
    },
    failed: async (schedule, { source, problem, dueAt }) => {
      const words = cleanText(problem, PROBLEM_CHARACTERS_MAX);
      await connection.write(FAILED, [schedule, source, words, dueAt]);
    },
  };
}
