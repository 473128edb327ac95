import type { IncomingAlert } from '../domain/alert.ts';
import type { Silence, SilenceState } from '../domain/silence.ts';
import type { Page, PageRequest, StoredAlert } from './tables.ts';

/** A silence as a person asks for it. */
export type NewSilence = Pick<
  Silence,
  'id' | 'matchers' | 'startsAt' | 'endsAt' | 'owner' | 'reason' | 'createdBy' | 'createdAt'
> & { readonly channel: string };

/** Quiet about one incident as a person asks for it; an end that is not after `createdAt` ends the quiet. */
export interface NewSnooze {
  readonly id: string;
  readonly incidentId: string;
  readonly endsAt: string;
  readonly reason: string;
  /** Id and name of the person. */
  readonly person: string;
  readonly name: string;
  readonly channel: string;
  readonly createdAt: string;
}

/** What can be done with silences and snoozes. Times are RFC 3339. */
export interface SilenceTable {
  /** Puts a silence in force; idempotent by id, answers the stored one. */
  put(silence: NewSilence): Promise<Silence>;
  get(id: string): Promise<Silence | null>;
  /** Newest first. */
  list(
    filter: { readonly state: SilenceState | null; readonly now: string },
    page: PageRequest,
  ): Promise<Page<Silence>>;
  /** Ends a silence before its time; false when it is over already. */
  end(
    id: string,
    end: { readonly by: string; readonly reason: string; readonly at: string },
  ): Promise<boolean>;
  /** What it suppressed, oldest first. */
  alertsOf(id: string, page: PageRequest): Promise<Page<StoredAlert>>;
  /** Alerts that silences suppressed which are over by `at`, that joined no incident, and that nobody resolved. */
  stillFiring(at: string, limit: number): Promise<readonly IncomingAlert[]>;
  /** Notes that nothing is left to take in of the silences that are over by `at`. */
  readmitted(at: string): Promise<void>;
  /** Quiet about one incident, with its fact; idempotent by id. */
  snooze(wanted: NewSnooze): Promise<void>;
  /** Until when an incident is quiet; null when nobody ever asked. */
  snoozedUntil(incidentId: string): Promise<string | null>;
}
