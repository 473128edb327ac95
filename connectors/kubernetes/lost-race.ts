import { setTimeout as sleep } from 'node:timers/promises';
import { isAppError } from '../../domain/error.ts';
import type { CallContext } from '../connector.ts';
import { reasonOf } from './failure.ts';

/** Attempts before a write that was always overtaken is called a conflict. */
const ATTEMPTS_MAX = 8;
/** Pauses double: a Deployment's own controller writes several times right after each change. */
const FIRST_PAUSE_MS = 20;

function isLostRace(error: unknown): boolean {
  return isAppError(error) && ['Conflict', 'AlreadyExists'].includes(reasonOf(error));
}

/**
 * Runs work again when another writer was faster: it reads and compares anew each time. Raises what the work raises,
 * and `conflict` when it was overtaken eight times, over two and a half seconds.
 */
export async function untilNotOvertaken<T>(
  work: () => Promise<T>,
  { signal }: CallContext,
): Promise<T> {
  let pauseMs = FIRST_PAUSE_MS;
  for (let count = 1; count < ATTEMPTS_MAX; count += 1) {
    try {
      return await work();
    } catch (error) {
      if (!isLostRace(error)) throw error;
    }
    // An abort ends the pause, and then the next attempt.
    await sleep(pauseMs, undefined, { signal }).catch(() => undefined);
    pauseMs *= 2;
  }
  return work();
}
