import type { StakeholderUpdate } from '../domain/stakeholder-update.ts';
import type { Page, PageRequest, SeenModels } from './tables.ts';

/** How a person settles an update. */
export interface UpdateSettlement {
  readonly state: 'released' | 'skipped';
  readonly at: string;
  readonly by: string;
  readonly through: string;
  readonly reason: string | null;
}

/** What can be done with rows of updates for stakeholders. */
export interface StakeholderUpdateTable {
  /** Adds the next update of an audience; false when another process has drafted that one. Raises `refused` for one that nobody saw. */
  draft(update: StakeholderUpdate): Promise<boolean>;
  get(id: string): Promise<StakeholderUpdate | null>;
  /** Locks the row for its settlement. Raises `not_found`. */
  lock(id: string): Promise<StakeholderUpdate>;
  /** Settles a drafted update, with the outbox row by which it is sent and told. Raises `refused` for one that is settled. */
  settle(id: string, settlement: UpdateSettlement): Promise<StakeholderUpdate>;
  /** Every update of an incident, by audience, oldest first; at most 10,000. */
  ofIncident(incidentId: string): Promise<readonly StakeholderUpdate[]>;
  /** Newest first; of one incident when it is named. */
  list(
    filter: {
      readonly incidentId: string | null;
      readonly state: StakeholderUpdate['state'] | null;
    } & SeenModels,
    page: PageRequest,
  ): Promise<Page<StakeholderUpdate>>;
  /** Ids of closed incidents whose audiences were told something since (RFC 3339), and not yet of the end; at most `limit`. */
  closedUntold(since: string, limit: number): Promise<readonly string[]>;
  /** External drafts made since (RFC 3339) that nobody settled and nothing replaced, oldest first; at most `limit`. */
  waiting(since: string, limit: number): Promise<readonly StakeholderUpdate[]>;
}
