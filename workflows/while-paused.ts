import type { Run } from './run.ts';

const PAUSE_LOOK_MS = 24 * 3600 * 1000;

/** Waits, visibly, until a paused run may go on or is cancelled. */
export async function whilePaused(run: Run): Promise<void> {
  run.waiting = { kind: 'paused' };
  while (run.isPaused() && run.cancelled === null) {
    await run.until(() => !run.isPaused() || run.cancelled !== null, PAUSE_LOOK_MS);
  }
  run.waiting = null;
}
