import type { OnCallSchedule } from '../domain/on-call.ts';
import type { CalendarReading } from '../domain/on-call-calendar.ts';
import type { CalendarVersion } from '../store/calendar-table.ts';

/** Which time of a calendar is wanted; milliseconds since 1970. */
export interface CalendarWindow {
  readonly from: number;
  readonly until: number;
}

/** What reading a calendar brought: its entries and its version, or that it is still the version that we have. */
export type CalendarFound =
  | (Pick<CalendarReading, 'entries' | 'findings'> & { readonly version: CalendarVersion })
  | 'unchanged';

/** What one try of reading a calendar is told. */
export interface CalendarAsked {
  readonly schedule: OnCallSchedule;
  readonly window: CalendarWindow;
  /** The version that we have; null asks for the whole calendar. */
  readonly version: CalendarVersion | null;
  readonly now: () => Date;
}

/** Nothing is known of a version. */
export const NO_VERSION: CalendarVersion = { etag: null, lastModified: null };

/** So long one calendar may take, in milliseconds. */
export const CALENDAR_READ_MS = 10_000;
