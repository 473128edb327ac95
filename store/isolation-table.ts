import type { CapStanding, Taking } from '../domain/cap.ts';
import type { OperationKey } from '../domain/operation.ts';

/** What can be done with isolation rows. */
export interface IsolationTable {
  /**
   * What is isolated over all incidents (in force, or reserved within the hour), in order of reserving, and how busy
   * the incident's source was, counted up to a number. `reserving` first waits for others that reserve; nobody else
   * reserves before the transaction ends. `taker` is the effect that is weighed: where it reserved nothing, or is null,
   * nothing speaks against it, and what is isolated is not read.
   */
  standing(
    incidentId: string,
    options: {
      readonly countUpTo: number;
      readonly reserving?: boolean;
      readonly taker?: OperationKey | null;
    },
  ): Promise<CapStanding>;
  /** Reserves what the stored plan of this key takes away. Call it under the lock of `standing`. */
  reserve(key: OperationKey, taking: Taking): Promise<void>;
}
