import type { Run } from './run.ts';
import { whilePaused } from './while-paused.ts';

/** How much later than its end the wait is over; a worker whose clock lags asks for more, each time twice as much. */
const SLACK_MS = 50;
const SLACK_MAX_MS = 60_000;

/**
 * Waits, visibly, while people may veto: until the time is over, somebody vetoed, or the incident is cancelled. False
 * when it was cancelled. Whoever waited asks the activity again, which says what comes next.
 */
export async function waitForVeto(
  run: Run,
  veto: {
    readonly operation: string;
    readonly until: string;
    /** How often it was waited for, this time included. */
    readonly look: number;
  },
): Promise<boolean> {
  const { operation, until, look } = veto;
  const before = run.waiting;
  run.waiting = { kind: 'veto', operation, until };
  const remaining = Math.max(Date.parse(until) - Date.now(), 0);
  const slack = Math.min(SLACK_MS * 2 ** look, SLACK_MAX_MS);
  await run.until(() => run.vetoed || run.cancelled !== null, remaining + slack);
  if (run.isPaused()) await whilePaused(run);
  run.waiting = before;
  return run.cancelled === null;
}
