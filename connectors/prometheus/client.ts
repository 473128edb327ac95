import type { z } from 'zod';
import { AppError, type ErrorCode } from '../../domain/error.ts';
import type { CallContext } from '../connector.ts';
import { quote } from '../http-failure.ts';
import { openHttpAccess } from '../http-access.ts';
import { createHttpClient, type HttpClient } from '../http.ts';
import type { PrometheusConfig } from './manifest.ts';
import { errorReply } from './reply-schema.ts';

const API = ['api', 'v1'];
/** Longest evaluation that we wait for, in milliseconds. */
const QUERY_TIMEOUT_MS = 30_000;

/** What the server's error types mean; others go by status. */
const CODES: ReadonlyMap<string, ErrorCode> = new Map([
  ['bad_data', 'invalid'],
  // Too many samples, many-to-many matching: the expression asks for what cannot be evaluated.
  ['execution', 'invalid'],
  ['not_found', 'not_found'],
  ['timeout', 'unavailable'],
  ['canceled', 'unavailable'],
  ['internal', 'unavailable'],
  ['unavailable', 'unavailable'],
]);

function parseError(text: string): z.infer<typeof errorReply> | undefined {
  try {
    const parsed = errorReply.safeParse(JSON.parse(text));
    return parsed.success ? parsed.data : undefined;
  } catch {
    return undefined;
  }
}

/** Prometheus' own meaning of an error, by `errorType`; a 404 without one is no Prometheus. */
export function classifyPrometheus(status: number, bodyText: string): AppError | undefined {
  const body = parseError(bodyText);
  if (body === undefined) {
    return status === 404
      ? new AppError('unsupported', 'Prometheus has no such route: is this its query API?')
      : undefined;
  }
  const code = CODES.get(body.errorType);
  if (code === undefined) return undefined;
  return new AppError(code, `Prometheus: ${quote(body.error)} (${body.errorType})`);
}

/** A read below `/api/v1`. */
export interface PrometheusGet<T> {
  readonly path: readonly string[];
  readonly query?: Readonly<Record<string, string | number | undefined>>;
  readonly schema: z.ZodType<T>;
}

/** Calls of one Prometheus. Each raises the codes of the HTTP kit, mapped by `errorType`. */
export interface PrometheusClient {
  get<T>(get: PrometheusGet<T>, context: CallContext): Promise<T>;
  readonly clockSkewMs: HttpClient['clockSkewMs'];
  /** Ends calls in flight. */
  close(): Promise<void>;
}

/** A client of one Prometheus. */
export function createPrometheusClient(config: PrometheusConfig): PrometheusClient {
  const name = 'Prometheus';
  const http = createHttpClient({
    ...openHttpAccess(config, name),
    name,
    timeoutMs: QUERY_TIMEOUT_MS,
    classify: classifyPrometheus,
  });
  return {
    get: async (get, context) => {
      const path = [...API, ...get.path];
      const call = { ...get, method: 'GET' as const, path, permission: 'queries' };
      return (await http.call(call, context)).value;
    },
    clockSkewMs: () => http.clockSkewMs(),
    close: () => http.close(),
  };
}
