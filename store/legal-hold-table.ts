import type { HoldRelease, LegalHold } from '../domain/legal-hold.ts';
import type { Page, PageRequest } from './tables.ts';

/** What can be done with rows of legal holds. */
export interface LegalHoldTable {
  /** Every hold that has not ended, oldest first. Raises `too_large` past 1,000: then nobody knows them all. */
  inForce(): Promise<readonly LegalHold[]>;
  /** Places a hold, with the outbox row that puts it on the timelines of the incidents that it is on. */
  place(hold: Omit<LegalHold, 'releasedAt'>): Promise<LegalHold>;
  get(id: string): Promise<LegalHold | null>;
  /** Locks the row for a word about its end. Raises `not_found`. */
  lock(id: string): Promise<LegalHold>;
  /** Every word that a hold shall end, oldest first; at most 1,000. */
  words(holdId: string): Promise<readonly HoldRelease[]>;
  /** Adds a person's word, with the outbox row that puts it on the timelines. */
  say(word: HoldRelease): Promise<void>;
  /** Ends a hold. Raises `refused` where the database finds too few words, or an end before. */
  end(id: string, at: string): Promise<LegalHold>;
  /** Holds in force and ended ones, newest first. */
  list(page: PageRequest): Promise<Page<LegalHold>>;
}
