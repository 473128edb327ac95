import type { CalendarReading, KnownCalendar } from '../domain/on-call-calendar.ts';

/** What the other side calls the version that was read last; null where it calls it nothing. */
export interface CalendarVersion {
  readonly etag: string | null;
  readonly lastModified: string | null;
}

/** A calendar outside as it was last read, and how reading it goes. */
export interface StoredCalendar extends KnownCalendar {
  /** Digest of where it is read. */
  readonly source: string;
  readonly version: CalendarVersion;
  /** Tries that failed since the last one that did not. */
  readonly failures: number;
  /** RFC 3339 UTC; it is not read again before. */
  readonly dueAt: string;
}

/** What can be done with the calendars outside that say who is on call. */
export interface CalendarTable {
  /** Every calendar, at most 5,000. */
  list(): Promise<readonly StoredCalendar[]>;
  /** Takes a reading in place of an older one; one that is newer stays. */
  read(
    schedule: string,
    found: Pick<StoredCalendar, 'source' | 'version' | 'dueAt'> & {
      readonly reading: CalendarReading;
    },
  ): Promise<void>;
  /** Notes that a try brought nothing: what was read before stays and counts. */
  failed(
    schedule: string,
    failure: Pick<StoredCalendar, 'source' | 'dueAt'> & { readonly problem: string },
  ): Promise<void>;
}
