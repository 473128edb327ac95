import { sleep } from '@temporalio/workflow';
import { CONFIRM, type PlaybookOperation } from '../domain/playbook.ts';
import { reads } from './proxies.ts';
import type { Run } from './run.ts';

const LOOK_AGAIN_MS = 1_000;
const LOOKS_MAX = 1_000;

/** True for an operation that may change the world, by itself or by its members. */
function changesTheWorld(operation: PlaybookOperation): boolean {
  switch (operation.kind) {
    case 'action':
    case 'undo':
    case 'approval':
      return true;
    case 'parallel':
      return operation.operations.some(changesTheWorld);
    default:
      return false;
  }
}

/** True while probes of the playbook have to confirm the alert and have not been asked to the end. */
export function awaitsConfirmation(run: Run): boolean {
  const { confirm } = run.loaded.pinned.playbook;
  return confirm !== undefined && run.progress.outcomeOf(CONFIRM) === undefined;
}

/**
 * Before the first effect: the playbook's own probes confirm the alert, or people are asked before each effect. False
 * when somebody stopped the run meanwhile.
 */
export async function confirmAlert(run: Run, operation: PlaybookOperation): Promise<boolean> {
  if (!awaitsConfirmation(run) || !changesTheWorld(operation)) return true;
  for (let look = 0; look < LOOKS_MAX; look += 1) {
    if (run.progress.outcomeOf(CONFIRM) !== undefined) return true;
    const round = run.progress.roundOf(CONFIRM);
    const since = run.progress.lookedSince(CONFIRM);
    const attempt = await run.carrier.attempt((reference) =>
      reads.confirmAlert({ ...reference, round, since }),
    );
    if ('failure' in attempt) return unconfirmed(run, attempt.failure);
    const { settled } = attempt.value;
    if (settled !== null) run.progress.settle(settled);
    else await sleep(LOOK_AGAIN_MS);
    if (run.paused || run.cancelled !== null) return false;
  }
  return unconfirmed(run, 'its probes never came to an end');
}

/** No answer is no confirmation: people are asked. Written by the next activity, before it does anything. */
function unconfirmed(run: Run, reason: string): true {
  const round = run.progress.roundOf(CONFIRM);
  run.progress.settle({ operation: CONFIRM, round, outcome: 'inconclusive', reason });
  if (!run.observing) run.set({ mode: 'ask' });
  run.tell({
    kind: 'alert.unconfirmed',
    summary: `The alert is not confirmed: ${reason}. From now on each effect is asked for.`,
    data: { reason },
  });
  return true;
}
