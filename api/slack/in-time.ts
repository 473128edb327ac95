import { setTimeout as sleep } from 'node:timers/promises';

/** Slack gives up after 3 s: by then the person knows at least that we do not know. */
const ACK_WITHIN_MS = 2_300;

/** Waits for work as long as Slack does: its value, or null when it goes on. Raises what the work raises in time. */
export async function inTime<T extends object | string>(working: Promise<T>): Promise<T | null> {
  const giveUp = new AbortController();
  const late = sleep(ACK_WITHIN_MS, null, { signal: giveUp.signal }).catch(() => null);
  try {
    return await Promise.race([working, late]);
  } finally {
    giveUp.abort();
  }
}
