/** A worker that lives tells so this often, however long the other side takes; in milliseconds. */
export const BEAT_EVERY_MS = 2_000;

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
