import type { Halt, HaltSubject } from '../domain/halt.ts';
import type { HaltSight } from '../domain/halt-sight.ts';
import type { Page, PageRequest } from './tables.ts';

/** What can be done with halt rows. */
export interface HaltTable {
  /** Every halt that nobody has lifted, oldest first. Raises `too_large` past 1,000: then nobody knows them all. */
  inForce(): Promise<readonly Halt[]>;
  /**
   * Halts; what is halted already stays as it was (`created` false). Raises `conflict` when somebody lifted it at the
   * same moment.
   */
  begin(
    halt: Omit<Halt, 'resumedBy' | 'resumedReason' | 'resumedAt'>,
  ): Promise<{ readonly halt: Halt; readonly created: boolean }>;
  /** Lifts the halt in force on exactly this subject; null when there is none. */
  end(
    lifted: HaltSubject & { readonly by: string; readonly reason: string; readonly at: string },
  ): Promise<Halt | null>;
  /** Halts in force and lifted ones, newest first, as far as somebody is shown them; null: all. */
  list(sight: HaltSight | null, page: PageRequest): Promise<Page<Halt>>;
}
