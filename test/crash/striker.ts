import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import type { Closers } from '../closers.ts';
import type { Places } from './settings.ts';
import { startWorkerProcess } from './worker.ts';

/** No other lane came to its call for so long: those that did are struck without it. */
const QUIET_MS = 3_000;

/** How long calls are kept waiting for each other. */
export interface Patience {
  /** After so long a dead worker was missed and the lanes run again: before that some are not to be expected. */
  readonly recoversMs: number;
  /** A call waits no longer than this: whoever sent it shall not give it up before it is killed. */
  readonly waitMaxMs: number;
}

/** For calls of activities: until Temporal has missed the worker, and below the time-out of a request. */
const OF_ACTIVITIES: Patience = { recoversMs: 12_000, waitMaxMs: 13_000 };

/** Kills the worker of several lanes at once, each at a call of its own. */
export interface Striker {
  /** Keeps a call of a lane waiting until the worker was killed. */
  hold(lane: object): Promise<void>;
  /** So many lanes run: when each waits at a call, nothing more is waited for. */
  setLanes(lanes: number): void;
}

/** What else a striker does, and how long it waits. */
interface StrikerOptions {
  /** Done between a worker's death and the start of the next one. */
  readonly afterKill?: () => Promise<void>;
  readonly patience?: Patience;
}

/** Starts the worker; whenever it is killed the next one starts. */
export async function createStriker(
  places: Places,
  closers: Closers,
  { afterKill = () => Promise.resolve(), patience = OF_ACTIVITIES }: StrikerOptions = {},
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
        latest ??= setTimeout(strike, patience.waitMaxMs);
        clearTimeout(quiet);
        if (new Set(waiting.map((one) => one.lane)).size >= lanes) strike();
        else {
          const recoversInMs = struckAt + patience.recoversMs - Date.now();
          quiet = setTimeout(strike, Math.max(QUIET_MS, recoversInMs));
        }
      }),
    setLanes: (count) => {
      lanes = count;
    },
  };
}
