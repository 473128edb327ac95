import { setTimeout as sleep } from 'node:timers/promises';

/** Who is told. */
export interface Receiver {
  readonly url: string;
  readonly bearerToken?: string;
}

/** Waits before the retries of one notification: as measured on 0.25. */
const RETRY_DELAYS_MS = [350, 450, 850, 1_800, 2_300];
const ANSWER_WITHIN_MS = 10_000;
/** Version that the twin says it is. */
export const VERSION = '0.25.0';

async function post(receiver: Receiver, body: string, signal: AbortSignal): Promise<number> {
  try {
    const response = await fetch(receiver.url, {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        'user-agent': `Alertmanager/${VERSION}`,
        ...(receiver.bearerToken === undefined
          ? {}
          : { authorization: `Bearer ${receiver.bearerToken}` }),
      },
      body,
      signal: AbortSignal.any([signal, AbortSignal.timeout(ANSWER_WITHIN_MS)]),
    });
    await response.arrayBuffer();
    return response.status;
  } catch {
    return 0;
  }
}

/**
 * Tells one receiver; true when it took the notification. 5xx and silence are retried; every other refusal, 429
 * included, is not: it is told again when the group's next round comes.
 */
export async function deliver(
  receiver: Receiver,
  body: string,
  run: { readonly statuses: number[]; readonly signal: AbortSignal; readonly retryScale: number },
): Promise<boolean> {
  for (const delayMs of [0, ...RETRY_DELAYS_MS]) {
    if (delayMs > 0) {
      await sleep(delayMs * run.retryScale, undefined, { signal: run.signal }).catch(
        () => undefined,
      );
    }
    if (run.signal.aborted) return false;
    const status = await post(receiver, body, run.signal);
    run.statuses.push(status);
    if (status >= 200 && status < 300) return true;
    if (status !== 0 && status < 500) return false;
  }
  return false;
}
