import { AppError, toAppError } from '../../domain/error.ts';
import { endProcess, isRunning, type ProcessIdentity } from './process-identity.ts';
import type { Watchdog } from './watchdog.ts';

/** A server that answers: our child, or one that an earlier process of ours left running. */
export interface RunningServer {
  readonly identity: ProcessIdentity;
  readonly adopted: boolean;
  /** Settles when the process is gone. */
  readonly gone: Promise<void>;
}

/** How one kind of server is kept running. */
export interface SupervisorOptions {
  readonly name: string;
  readonly log: (line: string) => void;
  /** Starts it again where it was: same port, same files. */
  readonly restart: () => Promise<RunningServer>;
  readonly watch: (identity: ProcessIdentity) => Watchdog;
  readonly stopSignal: NodeJS.Signals;
  readonly stopGraceMs: number;
  /** Called once, when restarting is given up. */
  readonly onFailure: (error: AppError) => void;
}

/** A server kept running until `stop`. */
export interface Supervised {
  identity: () => ProcessIdentity;
  /** Stops the server in order and for good; safe to call twice. */
  stop: () => Promise<void>;
}

const RESTARTS_MAX = 5;
const RESTART_WINDOW_MS = 60_000;
const WATCH_POLL_MS = 200;

/** Settles when a process that is not our child is gone. Does not keep our own process alive. */
export function goneByPolling(identity: ProcessIdentity): Promise<void> {
  return new Promise((resolve) => {
    const timer = setInterval(() => {
      if (isRunning(identity)) return;
      clearInterval(timer);
      resolve();
    }, WATCH_POLL_MS);
    timer.unref();
  });
}

/**
 * Watches `first` and starts the server again whenever it ends unasked, at most five times a minute.
 */
export function supervise(first: RunningServer, options: SupervisorOptions): Supervised {
  let current = first;
  let watchdog = options.watch(first.identity);
  let stopping: Promise<void> | null = null;
  let restarting: Promise<void> = Promise.resolve();
  const restartTimes: number[] = [];
  const isStopping = (): boolean => stopping !== null;

  const restartOnce = async (): Promise<boolean> => {
    const now = Date.now();
    restartTimes.push(now);
    const recent = restartTimes.filter((time) => now - time < RESTART_WINDOW_MS);
    if (recent.length > RESTARTS_MAX) {
      options.onFailure(
        new AppError(
          'unavailable',
          `${options.name} ended ${recent.length.toString()} times within a minute; it is not started again.`,
        ),
      );
      return true;
    }
    options.log(`${options.name} ended unexpectedly; starting it again`);
    try {
      current = await options.restart();
      return true;
    } catch (error) {
      options.log(`${options.name} did not start again: ${toAppError(error).message}`);
      return false;
    }
  };

  const onGone = async (): Promise<void> => {
    watchdog.stop();
    const before = current;
    for (let attempt = 0; attempt <= RESTARTS_MAX && !isStopping(); attempt += 1) {
      if (await restartOnce()) break;
    }
    if (current === before) return;
    watchdog = options.watch(current.identity);
    follow(current);
  };

  const follow = (server: RunningServer): void => {
    void server.gone.then(() => {
      if (isStopping()) return;
      restarting = onGone();
    });
  };
  follow(first);

  const stop = async (): Promise<void> => {
    await restarting;
    watchdog.stop();
    await endProcess(current.identity, {
      signal: options.stopSignal,
      graceMs: options.stopGraceMs,
    });
  };
  return {
    identity: () => current.identity,
    stop: () => (stopping ??= stop()),
  };
}
