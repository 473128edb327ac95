import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import type { Closers } from '../lane/lane.ts';
import type { Places } from './settings.ts';
import { startWorkerProcess } from './worker.ts';

/** No other lane came to its call for so long: those that did are struck without it. */
const QUIET_MS = 3_000;
/** After so long Temporal has missed the dead worker and the lanes run again: before that some are not to be expected. */
const RECOVERS_MS = 12_000;
/** A call waits no longer than this: below the time-out of a request. */
const WAIT_MAX_MS = 13_000;

/** Kills the worker of several lanes at once, each at a call of its own. */
export interface Striker {
  /** Keeps a call of a lane waiting until the worker was killed. */
  hold(lane: object): Promise<void>;
  /** So many lanes run: when each waits at a call, nothing more is waited for. */
  setLanes(lanes: number): void;
}

/** Starts the worker; whenever it is killed the next one starts, after what `afterKill` does. */
export async function createStriker(
  places: Places,
  closers: Closers,
  afterKill: () => Promise<void> = () => Promise.resolve(),
): Promise<Striker> {
  let worker: Promise<ChildProcess> = startWorkerProcess(places, closers);
  await worker;
  let lanes = 0;
  let striking = false;
  let struckAt = Number.NEGATIVE_INFINITY;
  const waiting: { readonly lane: object; readonly release: () => void }[] = [];
  let quiet: NodeJS.Timeout | undefined;
  let latest: NodeJS.Timeout | undefined;
  const clear = (): void => {
    clearTimeout(quiet);
    clearTimeout(latest);
    latest = undefined;
  };
  closers.push(async () => {
    clear();
    await worker;
  });
  const strike = (): void => {
    clear();
    if (striking || waiting.length === 0) return;
    striking = true;
    worker = worker.then(async (killed) => {
      const gone = once(killed, 'exit');
      killed.kill('SIGKILL');
      await gone;
      await afterKill();
      striking = false;
      struckAt = Date.now();
      for (const { release } of waiting.splice(0)) release();
      return startWorkerProcess(places, closers);
    });
    // Whoever starts or ends the next one is told.
    worker.catch(() => undefined);
  };
  return {
    hold: (lane) =>
      new Promise((release) => {
        waiting.push({ lane, release });
        latest ??= setTimeout(strike, WAIT_MAX_MS);
        clearTimeout(quiet);
        if (new Set(waiting.map((one) => one.lane)).size >= lanes) strike();
        else quiet = setTimeout(strike, Math.max(QUIET_MS, struckAt + RECOVERS_MS - Date.now()));
      }),
    setLanes: (count) => {
      lanes = count;
    },
  };
}
