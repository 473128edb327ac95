/** Calls that were seen for something with a name: the first of each kind, on the clock of this process. */
export interface Marks {
  /** Resolves with the moments of the first `count` different calls of `id`. */
  reached(id: string, count: number): Promise<readonly number[]>;
  /** A call came in; the same kind twice is a repetition. */
  note(id: string, kind: string): void;
  /** Calls that came more than once so far. */
  readonly repetitions: number;
}

interface Entry {
  readonly kinds: Map<string, number>;
  readonly waiting: { readonly count: number; readonly resolve: () => void }[];
}

/** Nothing seen yet. */
export function createMarks(): Marks {
  const entries = new Map<string, Entry>();
  let repetitions = 0;
  const entryOf = (id: string): Entry => {
    const known = entries.get(id);
    if (known) return known;
    const entry: Entry = { kinds: new Map(), waiting: [] };
    entries.set(id, entry);
    return entry;
  };
  return {
    get repetitions() {
      return repetitions;
    },
    note: (id, kind) => {
      const at = performance.now();
      const { kinds, waiting } = entryOf(id);
      if (kinds.has(kind)) repetitions += 1;
      else kinds.set(kind, at);
      for (const one of waiting) if (kinds.size >= one.count) one.resolve();
    },
    reached: async (id, count) => {
      const { kinds, waiting } = entryOf(id);
      if (kinds.size < count) {
        await new Promise<void>((resolve) => waiting.push({ count, resolve }));
      }
      return [...kinds.values()].slice(0, count);
    },
  };
}
