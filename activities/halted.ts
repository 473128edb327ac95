import { isAppError, toAppError } from '../domain/error.ts';
import { haltObstacle, haltsOn, thingOfEffect, type Halt } from '../domain/halt.ts';
import type { Incident } from '../domain/incident.ts';
import type { OperationRow } from '../domain/operation.ts';
import type { Tables } from '../store/tables.ts';
import type { ActivityDependencies } from './dependencies.ts';

/** What is halted now, as far as it can be read. */
export type HaltState =
  | { readonly halts: readonly Halt[]; readonly file: string | null }
  | { readonly unreadable: string };

/**
 * Reads both places where a halt can stand. What cannot be read is answered, not raised: then nothing that writes
 * may go on. Raises `unavailable` only, with which the database says that it is away altogether.
 */
export async function readHalts(
  deps: Pick<ActivityDependencies, 'haltFile'> & { readonly store: Pick<Tables, 'halts'> },
): Promise<HaltState> {
  try {
    const [halts, file] = await Promise.all([deps.store.halts.inForce(), deps.haltFile()]);
    return { halts, file };
  } catch (error) {
    if (isAppError(error) && error.code === 'unavailable') throw error;
    return { unreadable: toAppError(error).message.replace(/\.$/u, '') };
  }
}

/** Why this effect is halted, in words; null when it is not. What changes nothing outside (R0) never is. */
export function haltedBy(state: HaltState, incident: Incident, row: OperationRow): string | null {
  if (row.approvalClass === 'R0') return null;
  if ('unreadable' in state) return `whether it is halted cannot be read: ${state.unreadable}`;
  if (state.file !== null) return `the HALT file is there: ${state.file} (remove it, then retry)`;
  const [halt] = haltsOn(state.halts, thingOfEffect(incident, row));
  return halt ? haltObstacle(halt) : null;
}
