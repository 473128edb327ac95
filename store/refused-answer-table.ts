import type { NewRefusedAnswer, RefusedAnswer } from '../domain/refused-answer.ts';

/** What can be done with rows of refused answers. */
export interface RefusedAnswerTable {
  /**
   * Keeps a refused answer with the outbox row that puts it on the timeline; past `REFUSED_ANSWERS_MAX` it is counted on the last
   * row instead. Nothing is kept of an approval that is not there.
   */
  add(refused: NewRefusedAnswer): Promise<void>;
  get(id: string): Promise<RefusedAnswer | null>;
  /** Every one of an approval, oldest first. */
  ofApproval(approvalId: string): Promise<readonly RefusedAnswer[]>;
}
