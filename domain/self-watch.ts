/** Whether a source still says that it is alive. */
export interface WatchdogState {
  readonly source: string;
  /** Name of the alert that says so. */
  readonly alertname: string;
  /** When it last said so, RFC 3339; null when it never did. */
  readonly lastSeenAt: string | null;
  readonly missing: boolean;
}

/** How reading one Alertmanager went. */
export interface CatchUpState {
  readonly source: string;
  /** When it was last read, RFC 3339; null before. */
  readonly readAt: string | null;
  /** Why the latest reading failed; null when it did not. */
  readonly problem: string | null;
  /** Alerts that no webhook had brought, since this process began. */
  readonly missed: number;
}

/** How the check that goes the way of an alert went. */
export interface SelfCheckState {
  /** When the latest check that went the whole way began, RFC 3339; null before the first. */
  readonly wholeAt: string | null;
  /** When the outside URL last took a heartbeat, RFC 3339; null before the first. */
  readonly beatAt: string | null;
  /** What the latest check or heartbeat lacked; null when it lacked nothing. */
  readonly problem: string | null;
}

/** A review of broken glass that nobody closed in time. */
export interface OverdueReview {
  readonly id: string;
  readonly incidentId: string;
  /** RFC 3339. */
  readonly dueAt: string;
}

/** How reading the calendar of a schedule goes. */
export interface CalendarState {
  readonly schedule: string;
  /** When it was last read, RFC 3339; null when it never was. */
  readonly readAt: string | null;
  /** Why the latest try brought nothing, so that the last reading counts; null when it did. */
  readonly problem: string | null;
}

/** What the engine sees when it watches itself; what is not configured is null or empty. */
export interface SelfWatchState {
  readonly selfCheck: SelfCheckState | null;
  readonly watchdogs: readonly WatchdogState[];
  readonly alertmanagers: readonly CatchUpState[];
  readonly overdueReviews: readonly OverdueReview[];
  readonly calendars: readonly CalendarState[];
}
