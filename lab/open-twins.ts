interface Closeable {
  close(): Promise<void>;
}

/** What a lab holds open, so that it is closed whatever happens. */
export interface OpenTwins {
  /** The twin given, held open from now on. */
  keep<T extends Closeable>(twin: T): T;
  /** Closes everything, the newest first; raises what the first that failed raised, when all were tried. */
  close(): Promise<void>;
}

/** Nothing held open yet. */
export function createOpenTwins(): OpenTwins {
  const open: Closeable[] = [];
  return {
    keep: (twin) => {
      open.push(twin);
      return twin;
    },
    close: async () => {
      const failures: unknown[] = [];
      for (const twin of open.splice(0).reverse()) {
        await twin.close().catch((error: unknown) => failures.push(error));
      }
      if (failures.length > 0) throw failures[0];
    },
  };
}
