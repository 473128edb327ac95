import { newFact } from '../domain/fact.ts';
import { cardEdit } from '../domain/message.ts';
import type { VoidApprovalInput } from './activity.ts';
import { begin } from './carry.ts';
import type { ActivityDependencies } from './dependencies.ts';
import { messagesFor } from './message-rows.ts';

/** Ends an open approval without an answer; plans that nobody began to apply are void with it. */
export async function voidApproval(
  deps: ActivityDependencies,
  input: VoidApprovalInput,
): Promise<void> {
  await begin(deps, input);
  const { approvalId, reason, status, incidentId } = input;
  await deps.store.transaction(async (tables) => {
    const settled = await tables.approvals.settle(approvalId, status, reason);
    for (const row of await tables.operations.ofIncident(incidentId)) {
      if (row.approvalId !== approvalId) continue;
      await tables.operations.move(row, ['planned', 'approved'], 'void', { reason });
    }
    if (!settled) return;
    const edit = { ...cardEdit(approvalId, status), mail: false };
    await tables.messages.put(messagesFor(deps, incidentId, [edit]));
    await tables.facts.append(incidentId, [
      newFact({
        key: `approval/${approvalId}/${status}`,
        kind: status === 'expired' ? 'approval.expired' : 'approval.voided',
        operation: settled.operation,
        summary: `Approval ${status}: ${reason}`,
        data: { approvalId },
      }),
    ]);
  });
}
