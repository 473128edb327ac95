import { setTimeout as delay } from 'node:timers/promises';
import { AppError, isAppError } from '../domain/error.ts';
import type { Fact } from '../domain/fact.ts';
import { readEvents } from './event-reader.ts';
import { chunksOf, connect, jsonOf, type ClientOptions } from './exchange.ts';
import { factSchema } from './schema/timeline.ts';
import { API_PREFIX } from './schema/value.ts';

/** So many connections in a row may end before anything came. */
const BREAKS_MAX = 5;
const RECONNECT_MS = 500;

/** The facts of one connection, until it ends. */
async function* factsOnce(
  options: ClientOptions,
  incidentId: string,
  after: number,
): AsyncGenerator<Fact> {
  const response = await connect(
    options,
    {
      method: 'GET',
      path: `${API_PREFIX}/incidents/${encodeURIComponent(incidentId)}/events`,
      body: null,
      headers: { accept: 'text/event-stream', 'last-event-id': after.toString() },
    },
    options.signal ?? new AbortController().signal,
  );
  for await (const { event, data } of readEvents(chunksOf(response))) {
    if (event !== 'fact') continue;
    const parsed = factSchema.safeParse(jsonOf(data));
    if (!parsed.success) throw new AppError('bad_reply', 'The stream holds what is no fact.');
    yield parsed.data;
  }
}

/** True when another connection may help: nobody answered, or the connection broke in the middle. */
function mayHelp(error: unknown): boolean {
  return !isAppError(error) || error.code === 'unavailable';
}

/**
 * Facts after a sequence, as they come; a broken connection is taken up again where it broke. Ends with the signal
 * of `options`. Raises the server's refusal at once, `unavailable` when it stays away.
 */
export async function* readFacts(
  options: ClientOptions,
  incidentId: string,
  from: number,
): AsyncGenerator<Fact> {
  let after = from;
  for (let breaks = 0; breaks <= BREAKS_MAX; breaks += 1) {
    try {
      for await (const fact of factsOnce(options, incidentId, after)) {
        after = fact.sequence;
        breaks = 0;
        yield fact;
      }
    } catch (error) {
      if (options.signal?.aborted) return;
      if (!mayHelp(error)) throw error;
    }
    if (options.signal?.aborted) return;
    await delay(RECONNECT_MS);
  }
  throw new AppError('unavailable', 'The event stream ends again and again.', {
    details: { reason: 'unreachable' },
  });
}
