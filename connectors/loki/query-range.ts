import { AppError, isAppError } from '../../domain/error.ts';
import type { CallContext, Probe, ProbeReply } from '../connector.ts';
import type { LogLine, LokiClient } from './client.ts';
import { logQuery, nanosOf } from './logql.ts';
import { LINES_DEFAULT, queryRangeManifest, type QueryRangeInput } from './manifest.ts';

/** Loki's default `max_entries_limit_per_query`. */
const PAGE_LINES_MAX = 5_000;
/** More requests than this end the walk as truncated. */
const PAGES_MAX = 100;
/** Bytes of evidence after which the walk ends as truncated. */
const EVIDENCE_BYTES_MAX = 32 * 1024 * 1024;

/** What a walk has gathered so far. */
interface Walk {
  readonly written: string[];
  lines: number;
  bytes: number;
  first: bigint | null;
  last: bigint | null;
  /** Lines already taken at `last`: the next page begins there and shows them again. */
  seen: Set<string>;
  truncated: boolean;
}

function identityOf(line: LogLine): string {
  const labels = Object.entries(line.labels).sort(([a], [b]) => (a < b ? -1 : 1));
  return JSON.stringify([labels, line.line]);
}

function evidenceLine(line: LogLine): string {
  return `${JSON.stringify({ timestamp: line.time.toString(), labels: line.labels, line: line.line })}\n`;
}

/** Takes the lines of a page that are new; false when a cap was reached. */
function take(walk: Walk, page: readonly LogLine[], limit: number): boolean {
  for (const line of page) {
    const identity = identityOf(line);
    if (line.time === walk.last && walk.seen.has(identity)) continue;
    const written = evidenceLine(line);
    const bytes = Buffer.byteLength(written);
    if (walk.lines >= limit || walk.bytes + bytes > EVIDENCE_BYTES_MAX) return false;
    if (line.time !== walk.last) walk.seen = new Set();
    walk.seen.add(identity);
    walk.written.push(written);
    walk.lines += 1;
    walk.bytes += bytes;
    walk.first ??= line.time;
    walk.last = line.time;
  }
  return true;
}

/** One page; when it is too large to be read, half as many lines. */
async function readPage(
  client: LokiClient,
  page: Parameters<LokiClient['queryRange']>[0],
  context: CallContext,
): Promise<{ readonly lines: readonly LogLine[]; readonly limit: number }> {
  for (let limit = page.limit; ; limit = Math.ceil(limit / 2)) {
    try {
      return { lines: await client.queryRange({ ...page, limit }, context), limit };
    } catch (error) {
      if (!isAppError(error) || error.code !== 'too_large' || limit === 1) throw error;
    }
  }
}

async function walkWindow(
  client: LokiClient,
  window: { readonly query: string; start: bigint; readonly end: bigint; readonly limit: number },
  context: CallContext,
): Promise<Walk> {
  const walk: Walk = {
    written: [],
    lines: 0,
    bytes: 0,
    first: null,
    last: null,
    seen: new Set(),
    truncated: false,
  };
  let { start } = window;
  for (let pages = 0; pages < PAGES_MAX; pages += 1) {
    // One more than wanted, so that a full page tells whether more is there.
    const wanted = Math.min(PAGE_LINES_MAX, window.limit - walk.lines + walk.seen.size + 1);
    const page = await readPage(client, { ...window, start, limit: wanted }, context);
    context.heartbeat({ lines: walk.lines, bytes: walk.bytes });
    if (!take(walk, page.lines, window.limit)) {
      walk.truncated = true;
      return walk;
    }
    if (page.lines.length < page.limit) return walk;
    const last = page.lines.at(-1)?.time ?? window.end;
    // A page full of one nanosecond cannot be passed but by losing what else it holds.
    if (last === start) walk.truncated = true;
    start = last === start ? last + 1n : last;
    if (start >= window.end) return walk;
  }
  walk.truncated = true;
  return walk;
}

/** Probe `query-range`: reads a window forward, page by page, with overlap, and keeps every line once. */
export function queryRange(client: LokiClient): Probe<QueryRangeInput> {
  return {
    manifest: queryRangeManifest,
    read: async (input, context): Promise<ProbeReply> => {
      const start = nanosOf(input.from);
      const end = nanosOf(input.to);
      if (start >= end) {
        throw new AppError('invalid', 'The window ends before it begins.', { field: 'with.to' });
      }
      const query = logQuery(input);
      const limit = input.limit ?? LINES_DEFAULT;
      const walk = await walkWindow(client, { query, start, end, limit }, context);
      return {
        value: {
          query,
          lines: walk.lines,
          first: walk.first?.toString() ?? null,
          last: walk.last?.toString() ?? null,
          truncated: walk.truncated,
        },
        evidence: {
          bytes: Buffer.from(walk.written.join(''), 'utf8'),
          mediaType: 'application/x-ndjson',
        },
        truncated: walk.truncated,
      };
    },
  };
}
