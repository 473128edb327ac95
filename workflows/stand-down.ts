import type { StandDownPart } from '../activities/activity.ts';
import type { Decision } from '../domain/decision.ts';
import { awaitApproval } from './await-approval.ts';
import { byCredential } from './by-credential.ts';
import type { Run } from './run.ts';

/** Name under which a stand-down's approvals and results are stored. */
const STAND_DOWN = 'stand-down';
/** A moved world voids a plan; after so many plans people must look for themselves. */
const PLANS_MAX = 3;
/** The way back changes between the credentials at most so often: as often as there are effects. */
const PARTS_MAX = 1_000;

/**
 * The planned way back: shows people what would be undone, newest first, and does it when they agree. Never
 * stops at a failure; what could not be undone is named.
 */
export async function standDown(run: Run, decision: Decision): Promise<void> {
  for (let plan = 0; plan < PLANS_MAX; plan += 1) {
    const answer = await awaitApproval(run, { step: null, name: STAND_DOWN, covers: [] });
    if (answer.kind === 'again') continue;
    if (answer.kind !== 'approved') {
      tellEnd(run, decision, `Nothing was undone: ${answer.reason}`);
      run.progress.reopen(STAND_DOWN);
      return;
    }
    // While it is on the way back nothing is held: a retry would be taken for the time after it.
    run.waiting = null;
    run.standingDown = true;
    const failure = await undoAll(run, answer.approvalId);
    run.standingDown = false;
    if (failure === null) run.stoodDown = true;
    else tellEnd(run, decision, `Not stood down to the end: ${failure}`);
    run.progress.reopen(STAND_DOWN);
    return;
  }
}

function tellEnd(run: Run, { id }: Decision, summary: string): void {
  run.tell({
    kind: 'stand-down.done',
    operation: STAND_DOWN,
    causes: [`decision/${id}`],
    summary,
  });
}

/** Takes everything back; where the credentials are apart, each as far as it goes. Answers why it did not end, else null. */
async function undoAll(run: Run, approvalId: string): Promise<string | null> {
  if (!run.isApart()) {
    const whole = await run.carrier.attempt((reference) =>
      byCredential(run, null, ({ standDown: undo }) => undo({ ...reference, approvalId })),
    );
    if ('value' in whole) return null;
    // It was split since the run was loaded: then by parts.
    if (!run.isApart()) return whole.failure;
  }
  let part: StandDownPart = { credential: 'isolate', below: null, failed: [] };
  for (let parts = 0; parts < PARTS_MAX; parts += 1) {
    const { credential } = part;
    const asked = part;
    const done = await run.carrier.attempt((reference) =>
      byCredential(run, credential, ({ standDown: undo }) =>
        undo({ ...reference, approvalId, part: asked }),
      ),
    );
    if ('failure' in done) return done.failure;
    if (done.value.rest === undefined) return null;
    part = done.value.rest;
  }
  return 'it has more parts than can be';
}
