import type { LogQuery } from './logql.ts';

/** One line in the twin. */
export interface LogEntry {
  /** Nanoseconds since the epoch. */
  readonly time: bigint;
  readonly line: string;
  /** Labels of its stream. */
  readonly labels: Readonly<Record<string, string>>;
  /** Structured metadata; splits streams in answers. */
  readonly metadata: Readonly<Record<string, string>>;
}

/** Streams of labels as Loki answers them. */
export interface ResultStream {
  readonly stream: Readonly<Record<string, string>>;
  readonly values: readonly (readonly [string, string])[];
}

/** Labels in one fixed order: equal labels, equal text. */
export function labelText(labels: Readonly<Record<string, string>>): string {
  const pairs = Object.entries(labels).sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0));
  return `{${pairs.map(([name, value]) => `${name}=${JSON.stringify(value)}`).join(', ')}}`;
}

const LEVELS: readonly (readonly [RegExp, string])[] = [
  [/\b(critical|fatal)\b/i, 'critical'],
  [/\b(error|err)\b/i, 'error'],
  [/\b(warn|warning)\b/i, 'warn'],
  [/\binfo\b/i, 'info'],
  [/\bdebug\b/i, 'debug'],
  [/\btrace\b/i, 'trace'],
];

function detectedLevel(line: string): string {
  return LEVELS.find(([pattern]) => pattern.test(line))?.[1] ?? 'unknown';
}

function entriesMatch(entry: LogEntry, query: LogQuery): boolean {
  return (
    query.matchers.every((matcher) => matcher.matches(entry.labels[matcher.label] ?? '')) &&
    query.lineFilters.every((filter) => filter(entry.line))
  );
}

/** The lines of one tenant: exact duplicates are dropped, as Loki does. */
export class LogStore {
  private readonly known = new Set<string>();
  private entries: LogEntry[] = [];
  private sorted = true;

  /** True when the line is new. */
  add(entry: LogEntry): boolean {
    const key = JSON.stringify([
      labelText(entry.labels),
      entry.time.toString(),
      entry.line,
      labelText(entry.metadata),
    ]);
    if (this.known.has(key)) return false;
    this.known.add(key);
    this.entries.push(entry);
    this.sorted = false;
    return true;
  }

  /** All lines, oldest first. */
  all(): readonly LogEntry[] {
    if (!this.sorted) {
      this.entries = this.entries.sort((a, b) => (a.time < b.time ? -1 : a.time > b.time ? 1 : 0));
      this.sorted = true;
    }
    return this.entries;
  }

  /** Lines from `start` (inclusive) to `end` (exclusive). */
  window(start: bigint, end: bigint): readonly LogEntry[] {
    return this.all().filter((entry) => entry.time >= start && entry.time < end);
  }

  /** The first `limit` matching lines in `direction`, grouped into streams. */
  query(request: {
    readonly query: LogQuery;
    readonly start: bigint;
    readonly end: bigint;
    readonly limit: number;
    readonly direction: 'forward' | 'backward';
  }): readonly ResultStream[] {
    const matching = this.window(request.start, request.end).filter((entry) =>
      entriesMatch(entry, request.query),
    );
    if (request.direction === 'backward') matching.reverse();
    interface Group {
      readonly stream: Record<string, string>;
      readonly values: [string, string][];
    }
    const streams = new Map<string, Group>();
    for (const entry of matching.slice(0, request.limit)) {
      const stream = {
        ...entry.labels,
        detected_level: detectedLevel(entry.line),
        ...entry.metadata,
      };
      const key = labelText(stream);
      const known: Group = streams.get(key) ?? { stream, values: [] };
      known.values.push([entry.time.toString(), entry.line]);
      streams.set(key, known);
    }
    return [...streams.values()];
  }
}
