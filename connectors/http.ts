import type { z } from 'zod';
import { AppError, isAppError } from '../domain/error.ts';
import type { CallContext } from './connector.ts';
import { clockSkewOf } from './http-clock.ts';
import {
  failureOfSilence,
  failureOfStatus,
  retryAfterOf,
  type FailedCall,
} from './http-failure.ts';
import { cappedPieces, createSilenceTimer, parseReply, readCapped } from './http-reading.ts';
import { askPermit } from './permit.ts';
import {
  addressOf,
  bodyOf,
  requestHeaders,
  type HttpAddress,
  type HttpContent,
  type HttpIdentity,
} from './http-request.ts';
import { sendOver, type HttpAnswer, type HttpRequest, type Send } from './http-transport.ts';
import { createRedactor, redacted } from './redaction.ts';

/** How a connector reaches its system. */
export interface HttpClientOptions extends HttpIdentity {
  /** `http://` or `https://`; a path in it is kept as prefix. */
  readonly baseUrl: string;
  /** Texts that no message may contain; read when an error happens, so the list may grow (renewed tokens). */
  readonly secrets: readonly string[];
  /** Told when the other side does not know us (401): the next `headers` may hold a renewed credential. */
  readonly refused?: (headers: Headers) => void;
  /** Lets go of what the requests were sent with; `close` of the client calls it. */
  readonly released?: () => Promise<void>;
  /** Sends requests over connections of its own: for client certificates, own authorities and proxies. */
  readonly send?: Send;
  /** Per request, in milliseconds; 15 seconds by default. */
  readonly timeoutMs?: number;
  /** For a whole streamed reply, in milliseconds; four minutes by default. */
  readonly streamTimeoutMs?: number;
  /** Cap of one reply; 8 MiB by default. */
  readonly replyBytesMax?: number;
  /** Maps the system's own error bodies; undefined leaves it to the status. */
  classify?(status: number, bodyText: string, mutating: boolean): AppError | undefined;
}

/** One request whose reply is small and JSON. */
export interface HttpCall<T> extends HttpAddress, HttpContent {
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
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
  /** Milliseconds by which the clock of the last answer was ahead of ours; undefined before any told the time. */
  clockSkewMs(): number | undefined;
  /** Ends calls in flight and refuses later ones. */
  close(): Promise<void>;
}

const TIMEOUT_MS = 15_000;
const REPLY_BYTES_MAX = 8 * 1024 * 1024;
const ERROR_BODY_BYTES_MAX = 64 * 1024;
/** A stream that is never silent ends all the same, before the activity that reads it does. */
const STREAM_TIMEOUT_MS = 240_000;
const UNAUTHENTICATED = 401;
const TOO_MANY = 429;

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

/** How long the other side asks to be left alone, in milliseconds: some tell it as what is left of the window in which they count. */
function restOf({ response: { status, headers }, now }: Answer): number | undefined {
  const left = status === TOO_MANY ? headers.get('ratelimit-reset') : null;
  return retryAfterOf(headers.get('retry-after') ?? left, now);
}

/** The error of an answer that says no: the system's own mapping first, then the status. */
function failureOf(options: HttpClientOptions, answer: Answer, failed: FailedCall): AppError {
  const { status } = answer.response;
  const retryAfterMs = restOf(answer);
  const error =
    options.classify?.(status, answer.text, failed.mutating) ??
    failureOfStatus(status, answer.text, failed);
  const named = error.code === 'unauthorized' ? (error.permission ?? failed.permission) : undefined;
  const message = named === undefined ? error.message : `${error.message} (needed: ${named})`;
  return new AppError(error.code, message, {
    details: { status, ...error.details },
    cause: error.cause,
    ...(error.field === undefined ? {} : { field: error.field }),
    ...(named === undefined ? {} : { permission: named }),
    ...(retryAfterMs !== undefined && isRetriedLater(error.code) ? { retryAfterMs } : {}),
  });
}

/** True for answers after which the other side's own word on when to come back counts. */
function isRetriedLater(code: AppError['code']): boolean {
  return code === 'rate_limited' || code === 'unavailable' || code === 'outcome_unknown';
}

interface Answer {
  readonly response: Omit<HttpAnswer, 'body'>;
  readonly text: string;
  readonly now: Date;
}

interface Sending {
  readonly failed: FailedCall;
  readonly bytesMax: number;
  readonly now: () => Date;
  readonly send: Send;
}

const SHARED = sendOver();

/** Sends a request and reads the whole reply. Raises `unavailable`, `outcome_unknown`, `too_large`, `bad_reply`. */
async function send(url: URL, request: HttpRequest, sending: Sending): Promise<Answer> {
  try {
    const response = await sending.send(url, request);
    const text = await readCapped(response, sending.bytesMax);
    if (text !== null) return { response, text, now: sending.now() };
  } catch (error) {
    throw isAppError(error) ? error : failureOfSilence(error, sending.failed);
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
  /** What the last answer said. */
  readonly seen: { clockSkewMs: number | undefined };
}

function timeoutOf(options: HttpClientOptions, call: { readonly timeoutMs?: number }): number {
  return call.timeoutMs ?? options.timeoutMs ?? TIMEOUT_MS;
}

/** The reply that an answer is, by the call's schema. Raises `bad_reply`, or what a status that says no means. */
function replyOf<T>(
  options: HttpClientOptions,
  call: HttpCall<T>,
  got: { readonly answer: Answer; readonly failed: FailedCall },
): HttpReply<T> {
  const { response, text } = got.answer;
  const { ok, status, headers } = response;
  if (!ok && call.accept?.includes(status) !== true) {
    throw failureOf(options, got.answer, got.failed);
  }
  const reading = { name: options.name, schema: call.schema, orText: !ok };
  return { status, headers, value: parseReply(text, reading) };
}

/** Sends one call; when its credential is refused and there is a newer one by now, once more with that. */
async function exchange<T>(
  door: Door,
  call: HttpCall<T>,
  context: CallContext,
): Promise<HttpReply<T>> {
  const { type } = bodyOf(call);
  const headers = await requestHeaders(door.options, type);
  try {
    return await exchangeOnce(door, { call, headers }, context);
  } catch (error) {
    // Who is not let in has changed nothing: another try cannot do it twice.
    if (!isAppError(error) || error.details?.['status'] !== UNAUTHENTICATED) throw error;
    door.options.refused?.(headers);
    const renewed = await requestHeaders(door.options, type);
    if (renewed.get('authorization') === headers.get('authorization')) throw error;
    return exchangeOnce(door, { call, headers: renewed }, context);
  }
}

async function exchangeOnce<T>(
  door: Door,
  { call, headers }: { readonly call: HttpCall<T>; readonly headers: Headers },
  context: CallContext,
): Promise<HttpReply<T>> {
  const { options, closing } = door;
  const mutating = call.method !== 'GET' && call.readOnly !== true;
  const failed: FailedCall = { name: options.name, mutating, permission: call.permission };
  const url = addressOf(options.baseUrl, call);
  const body = bodyOf(call);
  const deadline = AbortSignal.timeout(timeoutOf(options, call));
  if (mutating) await askPermit(context, options.name);
  refuseStopped(options.name, [closing, context.signal, deadline]);
  const request: HttpRequest = {
    method: call.method,
    headers,
    signal: AbortSignal.any([closing, context.signal, deadline]),
    ...(body.bytes === undefined ? {} : { body: body.bytes }),
  };
  const sentAt = context.now().getTime();
  const answer = await send(url, request, {
    failed,
    bytesMax: options.replyBytesMax ?? REPLY_BYTES_MAX,
    now: context.now,
    send: options.send ?? SHARED,
  });
  const taken = { sentAt, gotAt: answer.now.getTime() };
  door.seen.clockSkewMs = clockSkewOf(answer.response.headers.get('date'), taken);
  return replyOf(options, call, { answer, failed });
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
  const timer = createSilenceTimer(timeoutOf(options, call));
  const deadline = AbortSignal.timeout(options.streamTimeoutMs ?? STREAM_TIMEOUT_MS);
  const signal = AbortSignal.any([closing, context.signal, timer.signal, deadline]);
  try {
    const response = await (options.send ?? SHARED)(url, { method: 'GET', headers, signal });
    if (response.ok) {
      const pieces = cappedPieces(response.body, { bytesMax: call.bytesMax, failed }, timer);
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
  const door: Door = { options, closing: closing.signal, seen: { clockSkewMs: undefined } };
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
    clockSkewMs: () => door.seen.clockSkewMs,
    close: async () => {
      closing.abort(new Error('closed'));
      await options.released?.();
    },
  };
}
