/** A worker that lives tells so this often, however long the other side takes; in milliseconds. */
export const BEAT_EVERY_MS = 1_000;

/**
 * Runs `body` and beats meanwhile, so that a missed beat means a dead worker and never a slow system. Raises what
 * `body` raises.
 */
export async function beating<T>(beat: () => void, body: () => Promise<T>): Promise<T> {
  const beats = setInterval(beat, BEAT_EVERY_MS);
  try {
    return await body();
  } finally {
    clearInterval(beats);
  }
}

/**
 * Beats when asked, though not before the first regular beat is due: each one is a call that the server writes down,
 * and what ends sooner than that needs none.
 */
export function sparing<T>(beat: (detail: T) => void): (detail: T) => void {
  const begunAt = Date.now();
  return (detail) => {
    if (Date.now() - begunAt >= BEAT_EVERY_MS) beat(detail);
  };
}
