import type { Tables } from '../store/tables.ts';
import type { Memory } from './test-memory.ts';
import { unused } from './test-unused.ts';

/** Operations in memory, of which the API only lists those of an incident. */
export function operationTable(memory: Memory): Tables['operations'] {
  return {
    find: unused('operations.find'),
    ofIncident: (id) => Promise.resolve(memory.operations.filter((r) => r.incidentId === id)),
    insertPlanned: unused('operations.insertPlanned'),
    move: unused('operations.move'),
    beginAttempt: unused('operations.beginAttempt'),
    nextFence: unused('operations.nextFence'),
    revokeFences: unused('operations.revokeFences'),
    advance: unused('operations.advance'),
    holdsFence: unused('operations.holdsFence'),
    undoStack: unused('operations.undoStack'),
    containments: unused('operations.containments'),
    containedByOthers: unused('operations.containedByOthers'),
    begunOn: unused('operations.begunOn'),
    countRestore: unused('operations.countRestore'),
    nameMover: unused('operations.nameMover'),
    renewLease: unused('operations.renewLease'),
    leaveInPlace: unused('operations.leaveInPlace'),
  };
}
