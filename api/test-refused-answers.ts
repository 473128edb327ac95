import type { Tables } from '../store/tables.ts';
import type { Memory } from './test-memory.ts';

/** Refused answers in memory; without the limits, which the database holds. */
export function refusedAnswerTable({
  approvals,
  refusedAnswers,
}: Memory): Tables['refusedAnswers'] {
  return {
    add: (refused) => {
      const approval = approvals.get(refused.approvalId);
      const id = `ref_${(refusedAnswers.length + 1).toString()}`;
      const { incidentId = null } = approval ?? {};
      if (incidentId !== null) refusedAnswers.push({ ...refused, id, incidentId, further: 0 });
      return Promise.resolve();
    },
    get: (id) => Promise.resolve(refusedAnswers.find((one) => one.id === id) ?? null),
    ofApproval: (id) =>
      Promise.resolve(refusedAnswers.filter(({ approvalId }) => approvalId === id)),
  };
}
