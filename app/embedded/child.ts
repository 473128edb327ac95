import type { ChildProcess } from 'node:child_process';
import { closeSync, openSync, readFileSync, renameSync, statSync } from 'node:fs';

const LOG_BYTES_MAX = 16 * 1024 * 1024;
const TAIL_LINES = 4;
const TAIL_CHARACTERS = 600;

/** Opens a server's log for appending; one that has grown large becomes `<path>.1` first. */
export function openLog(path: string): number {
  try {
    if (statSync(path).size > LOG_BYTES_MAX) renameSync(path, `${path}.1`);
  } catch {
    // No log yet.
  }
  return openSync(path, 'a', 0o600);
}

/** The last lines of a server's log, for an error message. */
export function logTail(path: string): string {
  try {
    const lines = readFileSync(path, 'utf8').trim().split('\n');
    return lines.slice(-TAIL_LINES).join(' ').slice(-TAIL_CHARACTERS);
  } catch {
    return 'no log';
  }
}

/** A spawned server as seen from outside. */
export interface FollowedChild {
  /** Settles when the process is gone or never came to be. */
  readonly gone: Promise<void>;
  /** Why it is gone; null while it runs. */
  readonly ended: () => string | null;
}

/** Lets go of a spawned server's log and of its hold on our process, and watches for its end. */
export function followChild(child: ChildProcess, log: number): FollowedChild {
  closeSync(log);
  child.unref();
  let reason: string | null = null;
  const gone = new Promise<void>((resolve) => {
    child.once('exit', (code, signal) => {
      reason = `exit ${(code ?? signal ?? '').toString()}`;
      resolve();
    });
    child.once('error', (error) => {
      reason = error.message;
      resolve();
    });
  });
  return { gone, ended: () => reason };
}
