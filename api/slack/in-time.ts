import { setTimeout as sleep } from 'node:timers/promises';
import { API_LIMITS } from '../dependencies.ts';
import type { SlackDesk } from './door.ts';

/** Waits for work as long as Slack does: its value, or null when it goes on. Raises what the work raises in time. */
export async function inTime<T extends object | string>(
  working: Promise<T>,
  { limits }: Pick<SlackDesk, 'limits'>,
): Promise<T | null> {
  const giveUp = new AbortController();
  const withinMs = limits?.slackAckMs ?? API_LIMITS.slackAckMs;
  const late = sleep(withinMs, null, { signal: giveUp.signal }).catch(() => null);
  try {
    return await Promise.race([working, late]);
  } finally {
    giveUp.abort();
  }
}
