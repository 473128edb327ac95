import { z } from 'zod';
import { createFaultPlan, type FaultPlan } from '../fault.ts';
import { startTwin, type Twin, type TwinReply, type TwinRequest } from '../twin.ts';
import { LogStore, labelText, type LogEntry } from './log-store.ts';
import { LogqlError, parseLogql } from './logql.ts';

/** A running stand-in for Loki. */
export interface LokiTwin extends Twin {
  /** Every line of a tenant, oldest first; the only tenant is `fake` without multi-tenancy, as in Loki. */
  lines(tenant?: string): readonly LogEntry[];
}

/** How a Loki twin behaves. */
export interface LokiTwinOptions {
  readonly faults?: FaultPlan;
  readonly port?: number;
  /** True: every request needs `X-Scope-OrgID`, else 401 `no org id`. */
  readonly multiTenant?: boolean;
  /** Bearer token of the proxy before Loki; without it nobody is asked. */
  readonly token?: string;
  /** Loki's `max_entries_limit_per_query`. */
  readonly entriesMax?: number;
  /** Loki's `reject_old_samples_max_age`, in milliseconds; null accepts any age. */
  readonly oldestMs?: number | null;
  readonly now?: () => Date;
}

const ENTRIES_MAX = 5_000;
const LIMIT_DEFAULT = 100;
const HOUR_MS = 3_600_000;
const OLDEST_MS = 168 * HOUR_MS;
const GRACE_MS = 600_000;
const RANGE_MAX_NS = (30n * 24n + 1n) * 3_600_000_000_000n;
const NANOS_PER_MS = 1_000_000n;

const pushBody = z.object({
  streams: z.array(
    z.object({
      stream: z.record(z.string(), z.string()),
      values: z.array(
        z.union([
          z.tuple([z.string().regex(/^\d+$/), z.string()]),
          z.tuple([z.string().regex(/^\d+$/), z.string(), z.record(z.string(), z.string())]),
        ]),
      ),
    }),
  ),
});

/** A refusal in Loki's way: plain text. */
class Refusal extends Error {
  override readonly name = 'Refusal';
  readonly status: number;

  constructor(status: number, text: string) {
    super(text);
    this.status = status;
  }
}

function nanosOf(date: Date): bigint {
  return BigInt(date.getTime()) * NANOS_PER_MS;
}

/** Loki's rule: a decimal point means seconds, up to ten digits are seconds, more are nanoseconds, else RFC 3339. */
function parseTime(text: string, name: string): bigint {
  if (/^\d+\.\d+$/.test(text)) return BigInt(Math.round(Number(text) * 1e6)) * 1_000n;
  if (/^\d+$/.test(text)) return text.length <= 10 ? BigInt(text) * 1_000_000_000n : BigInt(text);
  const match = /^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.(\d{1,9}))?(Z|[+-]\d\d:\d\d)$/.exec(text);
  const seconds = match ? Date.parse(`${match[1] ?? ''}${match[3] ?? ''}`) : Number.NaN;
  if (Number.isNaN(seconds)) throw new Refusal(400, `could not parse '${name}' parameter: ${text}`);
  return BigInt(seconds) * NANOS_PER_MS + BigInt((match?.[2] ?? '').padEnd(9, '0'));
}

function parseLimit(text: string | null, max: number): number {
  const limit = text === null ? LIMIT_DEFAULT : Number(text);
  if (!Number.isInteger(limit)) throw new Refusal(400, `strconv.ParseInt: parsing "${text ?? ''}"`);
  if (limit <= 0) throw new Refusal(400, 'limit must be a positive value');
  if (limit > max) {
    throw new Refusal(
      400,
      `max entries limit per query exceeded, limit > max_entries_limit_per_query (${limit.toString()} > ${max.toString()})`,
    );
  }
  return limit;
}

/** The twin's world and rules, apart from HTTP. */
class LokiWorld {
  private readonly tenants = new Map<string, LogStore>();
  private readonly options: LokiTwinOptions;

  constructor(options: LokiTwinOptions) {
    this.options = options;
  }

  store(tenant: string): LogStore {
    const known = this.tenants.get(tenant);
    if (known) return known;
    const created = new LogStore();
    this.tenants.set(tenant, created);
    return created;
  }

  private now(): Date {
    return this.options.now?.() ?? new Date();
  }

  tenantOf(request: TwinRequest): string {
    const { token, multiTenant } = this.options;
    if (token !== undefined && request.headers.authorization !== `Bearer ${token}`) {
      throw new Refusal(401, 'Unauthorized');
    }
    if (multiTenant !== true) return 'fake';
    const tenant = request.headers['x-scope-orgid'];
    if (typeof tenant !== 'string' || tenant === '') throw new Refusal(401, 'no org id');
    return tenant;
  }

  private refuseBadAge(entry: LogEntry): void {
    const oldestMs = this.options.oldestMs === undefined ? OLDEST_MS : this.options.oldestMs;
    const nowMs = this.now().getTime();
    const stream = labelText(entry.labels);
    const at = new Date(Number(entry.time / NANOS_PER_MS)).toISOString();
    if (oldestMs !== null && entry.time < BigInt(nowMs - oldestMs) * NANOS_PER_MS) {
      throw new Refusal(400, `entry for stream '${stream}' has timestamp too old: ${at}`);
    }
    if (oldestMs !== null && entry.time > BigInt(nowMs + GRACE_MS) * NANOS_PER_MS) {
      throw new Refusal(400, `entry for stream '${stream}' has timestamp too new: ${at}`);
    }
  }

  push(request: TwinRequest): TwinReply {
    const store = this.store(this.tenantOf(request));
    let json: unknown;
    try {
      json = JSON.parse(request.body.toString('utf8'));
    } catch (error) {
      throw new Refusal(400, `loghttp.PushRequest: ${String(error)}`);
    }
    const body = pushBody.safeParse(json);
    if (!body.success) throw new Refusal(400, 'loghttp.PushRequest: unexpected value');
    if (body.data.streams.length === 0) {
      throw new Refusal(422, 'error at least one valid stream is required for ingestion');
    }
    let added = 0;
    for (const { stream, values } of body.data.streams) {
      for (const [time, line, metadata] of values) {
        const entry = { time: BigInt(time), line, labels: stream, metadata: metadata ?? {} };
        this.refuseBadAge(entry);
        if (store.add(entry)) added += 1;
      }
    }
    return { status: 204, changed: added > 0 };
  }

  private window(url: URL, sinceMs: number): { readonly start: bigint; readonly end: bigint } {
    const end = url.searchParams.get('end');
    const start = url.searchParams.get('start');
    const endAt = end === null ? nanosOf(this.now()) : parseTime(end, 'end');
    const startAt =
      start === null ? endAt - BigInt(sinceMs) * NANOS_PER_MS : parseTime(start, 'start');
    return { start: startAt, end: endAt };
  }

  queryRange(request: TwinRequest): TwinReply {
    const store = this.store(this.tenantOf(request));
    const { searchParams } = request.url;
    const { start, end } = this.window(request.url, HOUR_MS);
    if (end <= start) {
      throw new Refusal(400, 'end timestamp must not be before or equal to start time');
    }
    const limit = parseLimit(searchParams.get('limit'), this.options.entriesMax ?? ENTRIES_MAX);
    const direction = searchParams.get('direction') ?? 'backward';
    if (direction !== 'forward' && direction !== 'backward') {
      throw new Refusal(400, `invalid direction '${direction}'`);
    }
    const query = parseLogql(searchParams.get('query') ?? '');
    if (end - start > RANGE_MAX_NS) {
      throw new Refusal(
        400,
        `the query time range exceeds the limit (query length: ${((end - start) / 3_600_000_000_000n).toString()}h, limit: 30d1h)`,
      );
    }
    const result = store.query({ query, start, end, limit, direction });
    return {
      status: 200,
      body: { status: 'success', data: { resultType: 'streams', result, stats: {} } },
    };
  }

  labels(request: TwinRequest, name: string | null): TwinReply {
    const store = this.store(this.tenantOf(request));
    const { start, end } = this.window(request.url, 6 * HOUR_MS);
    const found = new Set<string>();
    for (const entry of store.window(start, end)) {
      const value = name === null ? null : entry.labels[name];
      if (name === null) for (const label of Object.keys(entry.labels)) found.add(label);
      else if (typeof value === 'string') found.add(value);
    }
    const data = [...found].sort();
    return { status: 200, body: { status: 'success', ...(data.length > 0 ? { data } : {}) } };
  }

  stats(request: TwinRequest): TwinReply {
    const store = this.store(this.tenantOf(request));
    const { start, end } = this.window(request.url, 6 * HOUR_MS);
    const query = parseLogql(request.url.searchParams.get('query') ?? '');
    const entries = store
      .window(start, end)
      .filter((entry) => query.matchers.every((m) => m.matches(entry.labels[m.label] ?? '')));
    const streams = new Set(entries.map((entry) => labelText(entry.labels))).size;
    const bytes = entries.reduce((sum, entry) => sum + Buffer.byteLength(entry.line), 0);
    return { status: 200, body: { streams, chunks: streams, entries: entries.length, bytes } };
  }

  handle(request: TwinRequest): TwinReply {
    const { pathname } = request.url;
    const route = `${request.method} ${pathname}`;
    const values = /^GET \/loki\/api\/v1\/label\/([^/]+)\/values$/.exec(route)?.[1];
    if (values !== undefined) return this.labels(request, decodeURIComponent(values));
    switch (route) {
      case 'POST /loki/api/v1/push':
        return this.push(request);
      case 'GET /loki/api/v1/query_range':
        return this.queryRange(request);
      case 'GET /loki/api/v1/labels':
        return this.labels(request, null);
      case 'GET /loki/api/v1/index/stats':
        return this.stats(request);
      case 'GET /loki/api/v1/status/buildinfo':
        return { status: 200, body: { version: '3.7.8', revision: 'twin', branch: 'twin' } };
      case 'GET /ready':
        return { status: 200, body: 'ready\n' };
      default:
        return { status: 404, body: '404 page not found\n' };
    }
  }
}

/** Starts a stand-in for Loki on a free port of 127.0.0.1. */
export async function createLokiTwin(options: LokiTwinOptions = {}): Promise<LokiTwin> {
  const world = new LokiWorld(options);
  const twin = await startTwin({
    name: 'loki',
    faults: options.faults ?? createFaultPlan(),
    ...(options.port === undefined ? {} : { port: options.port }),
    handler: (request) => {
      try {
        return world.handle(request);
      } catch (error) {
        if (error instanceof Refusal) return { status: error.status, body: `${error.message}\n` };
        if (error instanceof LogqlError) return { status: 400, body: `${error.message}\n` };
        throw error;
      }
    },
  });
  return { ...twin, lines: (tenant = 'fake') => world.store(tenant).all() };
}
