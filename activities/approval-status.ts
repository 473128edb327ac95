import type { ApprovalAnswer, ApprovalQuestion } from './activity.ts';
import type { ActivityDependencies } from './dependencies.ts';
import { distrustOf, markStuck } from './distrust.ts';
import { checkHeard } from './heard.ts';

/** Where an approval stands, for a run that may have heard answers to it. Raises `refused` for an invented one. */
export async function approvalStatus(
  deps: ActivityDependencies,
  { approvalId, ...asking }: ApprovalQuestion,
): Promise<ApprovalAnswer> {
  try {
    const [approval] = await Promise.all([
      deps.store.approvals.get(approvalId),
      checkHeard(deps, deps.store, asking),
    ]);
    return { status: approval?.status ?? 'void', reason: approval?.statusReason ?? null };
  } catch (error) {
    const distrust = distrustOf(error);
    if (distrust !== null) await markStuck(deps, asking, distrust);
    throw error;
  }
}
