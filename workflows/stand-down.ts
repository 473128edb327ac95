import type { Decision } from '../domain/decision.ts';
import { awaitApproval } from './await-approval.ts';
import { effects } from './proxies.ts';
import type { Run } from './run.ts';

/** Name under which a stand-down's approvals and results are stored. */
const STAND_DOWN = 'stand-down';
/** A moved world voids a plan; after so many plans people must look for themselves. */
const PLANS_MAX = 3;

/**
 * The planned way back: shows people what would be undone, newest first, and does it when they agree. Never
 * stops at a failure; what could not be undone is named.
 */
export async function standDown(run: Run, decision: Decision): Promise<void> {
  for (let plan = 0; plan < PLANS_MAX; plan += 1) {
    const answer = await awaitApproval(run, { step: null, name: STAND_DOWN, covers: [] });
    if (answer.kind === 'again') continue;
    if (answer.kind !== 'approved') {
      run.tell({
        kind: 'stand-down.done',
        operation: STAND_DOWN,
        causes: [`decision/${decision.id}`],
        summary: `Nothing was undone: ${answer.reason}`,
      });
      run.progress.reopen(STAND_DOWN);
      return;
    }
    const { approvalId } = answer;
    await run.carrier.call((reference) => effects.standDown({ ...reference, approvalId }));
    run.stoodDown = true;
    run.progress.reopen(STAND_DOWN);
    return;
  }
}
