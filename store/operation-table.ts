import type { LeftInPlace } from '../domain/decision.ts';
import type { NewFact } from '../domain/fact.ts';
import type {
  OperationKey,
  OperationResult,
  OperationRow,
  OperationState,
} from '../domain/operation.ts';
import type { OperationAdvance, OperationMove, OperationStage } from './operation-move.ts';

/** What can be done with operation rows. */
export interface OperationTable {
  /** The row of this key, or null. */
  find(key: OperationKey): Promise<OperationRow | null>;
  /**
   * Writes a fresh `planned` row; an equal one may exist (returns the stored). Raises `refused` for one that is not of its
   * incident's side.
   */
  insertPlanned(
    row: Omit<
      OperationRow,
      | 'state'
      | 'fence'
      | 'receipt'
      | 'verdict'
      | 'reason'
      | 'applySequence'
      | 'superseded'
      | 'leftOwner'
      | 'restores'
      | 'movedBy'
      | 'leftUntil'
    >,
  ): Promise<OperationRow>;
  /**
   * Conditional walk; null when the row was in none of `from` (a lost race: read and return), or when another attempt
   * took a newer fence than `whileFence`.
   */
  move(
    key: OperationKey,
    from: readonly OperationState[],
    to: OperationState,
    change?: OperationMove['change'],
  ): Promise<OperationRow | null>;
  /**
   * `move` with the facts and the result of the stage, all or nothing, in one round trip; null as there, and then nothing
   * is told or settled.
   */
  advance(key: OperationKey, stage: OperationStage): Promise<OperationAdvance | null>;
  /**
   * Begins an attempt: takes the next fencing number and moves to `to` in one statement, so that nobody gets a fence on
   * a row that went on. Null when the row was in none of `from`.
   */
  beginAttempt(
    key: OperationKey,
    from: readonly OperationState[],
    to: OperationState,
  ): Promise<OperationRow | null>;
  /** Takes the next fencing number and, on the first one, the next apply sequence. */
  nextFence(key: OperationKey): Promise<OperationRow>;
  /** Revokes every fence handed out so far (undo, close). */
  revokeFences(key: OperationKey): Promise<void>;
  /** True while `fence` is the newest of the row. */
  holdsFence(key: OperationKey, fence: number): Promise<boolean>;
  ofIncident(incidentId: string): Promise<readonly OperationRow[]>;
  /** Rows whose apply began and is not taken back, newest first: the undo stack. */
  undoStack(incidentId: string): Promise<readonly OperationRow[]>;
  /** Containments in force over all incidents, for the watch; keyset by limit. */
  containments(limit: number): Promise<readonly OperationRow[]>;
  /**
   * Containments of other incidents, in force or about to be, by the same action on the same target; oldest first.
   */
  containedByOthers(
    row: Pick<OperationRow, 'incidentId' | 'target' | 'use'>,
  ): Promise<readonly OperationRow[]>;
  /** Effects on a target over all incidents whose apply began, newest first, at most 200. */
  begunOn(target: string): Promise<readonly OperationRow[]>;
  /** Counts that a moved containment is written again. */
  countRestore(key: OperationKey): Promise<void>;
  /** Notes who moved a containment. */
  nameMover(key: OperationKey, movedBy: string): Promise<void>;
  /** Renews a containment's lease; after a whole hour without being moved its count begins anew. */
  renewLease(key: OperationKey, until: string): Promise<void>;
  leaveInPlace(incidentId: string, left: LeftInPlace): Promise<OperationRow | null>;
}

/** What can be done with result rows. */
export interface ResultTable {
  /**
   * First result of (incident, operation, round) wins, and its facts are told with it; returns the stored one. All of it, or
   * nothing, in one round trip. Raises what `append` of the log raises.
   */
  put(result: OperationResult, facts: readonly NewFact[]): Promise<OperationResult>;
  /** Newest round of each operation. */
  ofIncident(incidentId: string): Promise<readonly OperationResult[]>;
}
