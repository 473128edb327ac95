import type { CapStanding, Taking } from '../domain/cap.ts';
import type { OperationKey } from '../domain/operation.ts';

/** What can be done with isolation rows. */
export interface IsolationTable {
  /**
   * What is isolated over all incidents (in force, or reserved within the hour), in order of reserving, and how busy
   * the incident's source was, counted up to a number. `reserving` first waits for others that reserve; nobody else
   * reserves before the transaction ends.
   */
  standing(
    incidentId: string,
    options: { readonly countUpTo: number; readonly reserving?: boolean },
  ): Promise<CapStanding>;
  /** Reserves what the stored plan of this key takes away. Call it under the lock of `standing`. */
  reserve(key: OperationKey, taking: Taking): Promise<void>;
}
