import { AppError } from '../../domain/error.ts';
import type { CallContext, Health } from '../connector.ts';
import { healthOf } from '../health.ts';
import { openHttpAccess } from '../http-access.ts';
import { createHttpClient, healthContext, type HttpClient } from '../http.ts';
import type { LokiConfig } from './manifest.ts';
import { buildInfoReply, labelsReply, queryRangeReply } from './reply-schema.ts';

/** One line with its stream. */
export interface LogLine {
  /** Nanoseconds since the epoch. */
  readonly time: bigint;
  readonly labels: Readonly<Record<string, string>>;
  readonly line: string;
}

/** One request for lines, oldest first. */
export interface LogPage {
  readonly query: string;
  /** Inclusive, nanoseconds since the epoch. */
  readonly start: bigint;
  /** Exclusive, nanoseconds since the epoch. */
  readonly end: bigint;
  readonly limit: number;
}

/** Calls to one Loki. */
export interface LokiClient {
  /** The first `limit` lines of a window. Raises the codes of an HTTP read; `too_large` means ask for fewer. */
  queryRange(page: LogPage, context: CallContext): Promise<readonly LogLine[]>;
  health(signal: AbortSignal): Promise<Health>;
  close(): Promise<void>;
}

/** What the credential before Loki must allow. */
const READ_PERMISSION = 'logs:read';
/** Loki's own query time-out is one minute. */
const TIMEOUT_MS = 60_000;
const REPLY_BYTES_MAX = 32 * 1024 * 1024;
/** The status that Loki gives to a query cancelled on its side. */
const CANCELLED = 499;

/** The version that answers; asks for labels as well, since that needs the right to read. */
async function askVersion(http: HttpClient, context: CallContext): Promise<string> {
  const path = ['loki', 'api', 'v1'];
  const permission = READ_PERMISSION;
  const info = await http.call(
    { method: 'GET', path: [...path, 'status', 'buildinfo'], schema: buildInfoReply, permission },
    context,
  );
  await http.call(
    { method: 'GET', path: [...path, 'labels'], schema: labelsReply, permission },
    context,
  );
  return info.value.version;
}

/** A client of one Loki. */
export function createLokiClient(config: LokiConfig): LokiClient {
  const { tenant } = config;
  const name = 'Loki';
  const access = openHttpAccess(config, name);
  const http = createHttpClient({
    ...access,
    name,
    headers: async () => ({
      ...(await access.headers()),
      ...(tenant === undefined ? {} : { 'x-scope-orgid': tenant }),
    }),
    timeoutMs: TIMEOUT_MS,
    replyBytesMax: REPLY_BYTES_MAX,
    classify: (status) =>
      status === CANCELLED ? new AppError('unavailable', 'Loki cancelled the query.') : undefined,
  });
  return {
    queryRange: async (page, context) => {
      const reply = await http.call(
        {
          method: 'GET',
          path: ['loki', 'api', 'v1', 'query_range'],
          query: {
            query: page.query,
            start: page.start.toString(),
            end: page.end.toString(),
            limit: page.limit,
            direction: 'forward',
          },
          schema: queryRangeReply,
          permission: READ_PERMISSION,
        },
        context,
      );
      const lines = reply.value.data.result.flatMap(({ stream, values }) =>
        values.map(([time, line]): LogLine => ({ time: BigInt(time), labels: stream, line })),
      );
      return lines.sort((a, b) => (a.time < b.time ? -1 : a.time > b.time ? 1 : 0));
    },
    health: (signal) => healthOf(() => askVersion(http, healthContext(signal)), http),
    close: () => http.close(),
  };
}
