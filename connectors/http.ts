import type { z } from 'zod';
import { AppError, isAppError } from '../domain/error.ts';
import type { Json } from '../domain/json.ts';
import type { CallContext } from './connector.ts';
import {
  failureOfSilence,
  failureOfStatus,
  retryAfterOf,
  type FailedCall,
} from './http-failure.ts';
import { cappedPieces, createSilenceTimer, parseReply, readCapped } from './http-reading.ts';
import { createRedactor, encoded, redacted } from './redaction.ts';

/** How a connector reaches its system. */
export interface HttpClientOptions {
  /** The system's name in messages. */
  readonly name: string;
  /** `http://` or `https://`; a path in it is kept as prefix. */
  readonly baseUrl: string;
  /** Asked before every request; here goes the credential. */
  headers(): Promise<Readonly<Record<string, string>>>;
  /** Texts that no message may contain; read when an error happens, so the list may grow (renewed tokens). */
  readonly secrets: readonly string[];
  /** Sends requests instead of the built-in fetch: for client certificates and own authorities. */
  readonly fetch?: (url: URL, init: RequestInit) => Promise<Response>;
  /** Per request, in milliseconds; 15 seconds by default. */
  readonly timeoutMs?: number;
  /** Cap of one reply; 8 MiB by default. */
  readonly replyBytesMax?: number;
  /** Maps the system's own error bodies; undefined leaves it to the status. */
  classify?(status: number, bodyText: string, mutating: boolean): AppError | undefined;
}

/** The address of a call: path segments (each is encoded; empty ones and dots are refused) and query. */
export interface HttpAddress {
  readonly path: readonly string[];
  readonly query?: Readonly<Record<string, string | number | undefined>>;
}

/** One request whose reply is small and JSON. */
export interface HttpCall<T> extends HttpAddress {
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  readonly json?: Json;
  readonly body?: Uint8Array;
  readonly contentType?: string;
  /** An empty reply is parsed as `undefined`. */
  readonly schema: z.ZodType<T>;
  /** Non-2xx statuses that are answers, not errors; what is not JSON there is parsed as text. */
  readonly accept?: readonly number[];
  readonly timeoutMs?: number;
  /** True for a request that changes nothing although its method is not GET (a search, a login). */
  readonly readOnly?: boolean;
  /** The right that this call needs, named when it is refused. */
  readonly permission?: string;
}

/** One reply, parsed. */
export interface HttpReply<T> {
  readonly status: number;
  readonly headers: Headers;
  readonly value: T;
}

/** One GET whose reply is streamed. */
export interface HttpBytesCall extends HttpAddress {
  /** More than this raises `too_large`. */
  readonly bytesMax: number;
  /** Longest silence before the head and between two pieces, in milliseconds. */
  readonly timeoutMs?: number;
  readonly permission?: string;
}

/** One streamed reply. */
export interface HttpBytesReply {
  readonly status: number;
  readonly headers: Headers;
  /** Raises `too_large` and `unavailable` while it is read. */
  readonly pieces: AsyncIterable<Uint8Array>;
}

/** A client of one system. */
export interface HttpClient {
  /**
   * Sends one request. Raises `refused` (no permit), `unavailable`, `outcome_unknown`, `invalid`, `unauthorized`,
   * `not_found`, `conflict`, `rate_limited`, `unsupported`, `too_large` and `bad_reply`.
   */
  call<T>(call: HttpCall<T>, context: CallContext): Promise<HttpReply<T>>;
  /** Streams one reply. Raises the codes of a read. */
  bytes(call: HttpBytesCall, context: CallContext): Promise<HttpBytesReply>;
  /** Ends calls in flight and refuses later ones. */
  close(): Promise<void>;
}

const TIMEOUT_MS = 15_000;
const REPLY_BYTES_MAX = 8 * 1024 * 1024;
const ERROR_BODY_BYTES_MAX = 64 * 1024;
const JSON_TYPE = 'application/json';

/** A context for health probes: no key, no heartbeat, and every change is refused. */
export function healthContext(signal: AbortSignal): CallContext {
  return {
    idempotencyKey: 'health',
    incidentId: 'health',
    signal,
    heartbeat: () => undefined,
    permit: () => Promise.reject(new AppError('refused', 'A health probe changes nothing.')),
    now: () => new Date(),
  };
}

function segment(text: string): string {
  const escaped = encoded(text);
  if (escaped === '' || text === '.' || text === '..') {
    throw new AppError('invalid', 'A path segment is empty, made of dots or not Unicode.');
  }
  return escaped;
}

function addressOf(baseUrl: string, call: HttpAddress): URL {
  const url = new URL(baseUrl);
  url.pathname = `${url.pathname.replace(/\/+$/, '')}/${call.path.map(segment).join('/')}`;
  for (const [key, value] of Object.entries(call.query ?? {})) {
    if (value !== undefined) url.searchParams.append(key, value.toString());
  }
  return url;
}

interface Body {
  readonly bytes: Uint8Array<ArrayBuffer> | undefined;
  readonly type: string | undefined;
}

function bodyOf<T>(call: HttpCall<T>): Body {
  if (call.json !== undefined) {
    const bytes = new Uint8Array(Buffer.from(JSON.stringify(call.json)));
    return { bytes, type: call.contentType ?? JSON_TYPE };
  }
  const bytes = call.body === undefined ? undefined : new Uint8Array(call.body);
  return { bytes, type: call.contentType };
}

async function requestHeaders(
  options: HttpClientOptions,
  contentType: string | undefined,
): Promise<Headers> {
  const given = await options.headers();
  try {
    const headers = new Headers({ accept: JSON_TYPE, ...given });
    if (contentType !== undefined) headers.set('content-type', contentType);
    return headers;
  } catch {
    // The original error quotes the header's value, which may be the credential: it is not kept.
    throw new AppError('invalid', `A credential for ${options.name} cannot be a header.`);
  }
}

/** The error of an answer that says no: the system's own mapping first, then the status. */
function failureOf(options: HttpClientOptions, answer: Answer, failed: FailedCall): AppError {
  const { status, headers } = answer.response;
  const retryAfterMs = retryAfterOf(headers.get('retry-after'), answer.now);
  const own = options.classify?.(status, answer.text, failed.mutating);
  if (own === undefined) return failureOfStatus(status, answer.text, { ...failed, retryAfterMs });
  const permission = own.permission ?? failed.permission;
  return new AppError(own.code, own.message, {
    details: { status, ...own.details },
    cause: own.cause,
    ...(own.field === undefined ? {} : { field: own.field }),
    ...(own.code === 'unauthorized' && permission !== undefined ? { permission } : {}),
    ...(own.code === 'rate_limited' && retryAfterMs !== undefined ? { retryAfterMs } : {}),
  });
}

interface Answer {
  readonly response: Response;
  readonly text: string;
  readonly now: Date;
}

interface Sending {
  readonly failed: FailedCall;
  readonly bytesMax: number;
  readonly now: () => Date;
  readonly fetch: (url: URL, init: RequestInit) => Promise<Response>;
}

/** Sends a request and reads the whole reply. Raises `unavailable`, `outcome_unknown`, `too_large`. */
async function send(url: URL, init: RequestInit, sending: Sending): Promise<Answer> {
  try {
    const response = await sending.fetch(url, init);
    const text = await readCapped(response, sending.bytesMax);
    if (text !== null) return { response, text, now: sending.now() };
  } catch (error) {
    throw failureOfSilence(error, sending.failed);
  }
  const limit = sending.bytesMax.toString();
  throw new AppError('too_large', `A reply of ${sending.failed.name} exceeds ${limit} bytes.`);
}

function refuseStopped(name: string, signals: readonly AbortSignal[]): void {
  const stopped = signals.find((signal) => signal.aborted);
  if (stopped === undefined) return;
  const message = `The call to ${name} was stopped before it was sent.`;
  throw new AppError('unavailable', message, { cause: stopped.reason });
}

/** What the two verbs of one client share. */
interface Door {
  readonly options: HttpClientOptions;
  readonly closing: AbortSignal;
}

// eslint-disable-next-line complexity -- every way in which one exchange can end, in order.
async function exchange<T>(
  door: Door,
  call: HttpCall<T>,
  context: CallContext,
): Promise<HttpReply<T>> {
  const { options, closing } = door;
  const mutating = call.method !== 'GET' && call.readOnly !== true;
  const failed: FailedCall = { name: options.name, mutating, permission: call.permission };
  const url = addressOf(options.baseUrl, call);
  const body = bodyOf(call);
  const headers = await requestHeaders(options, body.type);
  if (mutating) await context.permit();
  refuseStopped(options.name, [closing, context.signal]);
  const deadline = AbortSignal.timeout(call.timeoutMs ?? options.timeoutMs ?? TIMEOUT_MS);
  const init: RequestInit = {
    method: call.method,
    headers,
    redirect: 'manual',
    signal: AbortSignal.any([closing, context.signal, deadline]),
    ...(body.bytes === undefined ? {} : { body: body.bytes }),
  };
  const bytesMax = options.replyBytesMax ?? REPLY_BYTES_MAX;
  const answer = await send(url, init, {
    failed,
    bytesMax,
    now: context.now,
    fetch: options.fetch ?? fetch,
  });
  const { response, text } = answer;
  if (!response.ok && call.accept?.includes(response.status) !== true) {
    throw failureOf(options, answer, failed);
  }
  const reading = { name: options.name, schema: call.schema, orText: !response.ok };
  return {
    status: response.status,
    headers: response.headers,
    value: parseReply(text, reading),
  };
}

async function stream(
  door: Door,
  call: HttpBytesCall,
  context: CallContext,
): Promise<HttpBytesReply> {
  const { options, closing } = door;
  const failed: FailedCall = { name: options.name, mutating: false, permission: call.permission };
  const url = addressOf(options.baseUrl, call);
  const headers = await requestHeaders(options, undefined);
  headers.set('accept', '*/*');
  refuseStopped(options.name, [closing, context.signal]);
  const timer = createSilenceTimer(call.timeoutMs ?? options.timeoutMs ?? TIMEOUT_MS);
  const signal = AbortSignal.any([closing, context.signal, timer.signal]);
  try {
    const response = await (options.fetch ?? fetch)(url, { headers, redirect: 'manual', signal });
    if (response.ok) {
      const pieces = cappedPieces(response, { bytesMax: call.bytesMax, failed }, timer);
      return { status: response.status, headers: response.headers, pieces };
    }
    const text = (await readCapped(response, ERROR_BODY_BYTES_MAX)) ?? '';
    throw failureOf(options, { response, text, now: context.now() }, failed);
  } catch (error) {
    timer.stop();
    throw isAppError(error) ? error : failureOfSilence(error, failed);
  }
}

/**
 * A client of one system: permit before every change, deadline, size cap, no redirects, errors by code, secrets kept out.
 */
export function createHttpClient(options: HttpClientOptions): HttpClient {
  const closing = new AbortController();
  const door: Door = { options, closing: closing.signal };
  const guarded = async <T>(work: Promise<T>): Promise<T> => {
    try {
      return await work;
    } catch (error) {
      throw isAppError(error) ? redacted(error, createRedactor(options.secrets)) : error;
    }
  };
  return {
    call: (call, context) => guarded(exchange(door, call, context)),
    bytes: (call, context) => guarded(stream(door, call, context)),
    close: () => {
      closing.abort(new Error('closed'));
      return Promise.resolve();
    },
  };
}
