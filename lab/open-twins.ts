interface Closeable {
  close(): Promise<void>;
}

/** What a lab holds open, so that it is closed whatever happens. */
export interface OpenTwins {
  /** The twin given, held open from now on. */
  keep<T extends Closeable>(twin: T): T;
  /** Closes everything, the newest first. */
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
      for (const twin of open.splice(0).reverse()) await twin.close();
    },
  };
}
