import { once } from 'node:events';
import type { ServerResponse } from 'node:http';
import type { Fact } from '../domain/fact.ts';

/** Facts read and written at a time. */
const FACTS_PER_READ = 100;

/** What one stream of facts needs. */
export interface EventStream {
  readonly response: ServerResponse;
  /** The last sequence that the reader has. */
  readonly after: number;
  readonly read: (after: number, limit: number) => Promise<readonly Fact[]>;
  /** Registers what is called when there may be more; answers how to stop it. */
  readonly subscribe: (wake: () => void) => () => void;
  readonly heartbeatMs: number;
  /** A reader that takes nothing for so long is dropped, in milliseconds. */
  readonly stallMs: number;
  /** Ends the stream when aborted (the server stops). */
  readonly signal: AbortSignal;
}

function eventOf(fact: Fact): string {
  // JSON holds no raw line break, so a fact can never forge another event.
  return `id: ${fact.sequence.toString()}\nevent: fact\ndata: ${JSON.stringify(fact)}\n\n`;
}

/** A wait that ends with the next wake or after `heartbeatMs`; a wake between two waits is kept. */
function createBell(heartbeatMs: number) {
  let rung = false;
  let wake: (() => void) | null = null;
  return {
    ring: (): void => {
      rung = true;
      wake?.();
    },
    wait: async (): Promise<'rung' | 'silent'> => {
      if (!rung) {
        await new Promise<void>((resolve) => {
          const timer = setTimeout(resolve, heartbeatMs);
          wake = () => {
            clearTimeout(timer);
            resolve();
          };
        });
        wake = null;
      }
      const how = rung ? 'rung' : 'silent';
      rung = false;
      return how;
    },
  };
}

/** Writes and waits for a slow reader. Answers false when it is gone or stalled. */
async function write(stream: EventStream, text: string): Promise<boolean> {
  const { response } = stream;
  if (response.destroyed || response.writableEnded) return false;
  if (response.write(text)) return true;
  const stalled = AbortSignal.any([AbortSignal.timeout(stream.stallMs), stream.signal]);
  try {
    await once(response, 'drain', { signal: stalled });
    return true;
  } catch {
    // Closed, stalled or stopping: in each case the reader comes back with Last-Event-ID.
    response.destroy();
    return false;
  }
}

/**
 * Streams facts after `after` as server-sent events, their sequence as the event id, until the reader leaves or the
 * server stops. Comments are sent when nothing happens, so that proxies and readers know that the stream lives.
 */
export async function streamFacts(stream: EventStream): Promise<void> {
  const { response, signal } = stream;
  const bell = createBell(stream.heartbeatMs);
  const unsubscribe = stream.subscribe(bell.ring);
  const ring = bell.ring;
  response.once('close', ring);
  response.once('error', ring);
  signal.addEventListener('abort', ring, { once: true });
  try {
    let after = stream.after;
    let open = await write(stream, 'retry: 1000\n\n');
    while (open && !signal.aborted && !response.destroyed) {
      const facts = await stream.read(after, FACTS_PER_READ);
      if (facts.length > 0) {
        open = await write(stream, facts.map(eventOf).join(''));
        after = facts.at(-1)?.sequence ?? after;
      } else if ((await bell.wait()) === 'silent') {
        open = await write(stream, ': heartbeat\n\n');
      }
    }
  } finally {
    unsubscribe();
    signal.removeEventListener('abort', ring);
    response.end();
  }
}
