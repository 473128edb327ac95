import { setTimeout as delay } from 'node:timers/promises';
import { AppError, isAppError, type ErrorOptions } from '../domain/error.ts';
import { problemSchema } from './schema/problem.ts';

/** Where the server is and who calls. */
export interface ClientOptions {
  readonly url: string;
  /** Null for calls that need none. */
  readonly token: string | null;
  /** `cli` or `page`: through which door a person decides. */
  readonly channel: 'cli' | 'page';
  readonly timeoutMs?: number;
  readonly signal?: AbortSignal;
}

/** One request. */
export interface ClientRequest {
  readonly method: 'GET' | 'POST' | 'PUT';
  /** Path and query. */
  readonly path: string;
  readonly body: Uint8Array | string | null;
  readonly headers: Readonly<Record<string, string>>;
  /** Statuses beside 2xx that are answers, not errors. */
  readonly accept?: readonly number[];
}

const TIMEOUT_MS = 30_000;
const REPLY_BYTES_MAX = 64 * 1024 * 1024;
/** A repeatable request is made so often when the server cannot be reached. */
const ATTEMPTS_MAX = 3;
const RETRY_MS = 250;

/** JSON, or undefined for what is none. */
export function jsonOf(bytes: Uint8Array | string): unknown {
  const text = typeof bytes === 'string' ? bytes : Buffer.from(bytes).toString('utf8');
  try {
    return JSON.parse(text);
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}

/** The chunks of a body; none for an answer without one. */
export async function* chunksOf(response: Response): AsyncGenerator<Uint8Array> {
  const reader = response.body?.getReader();
  if (reader === undefined) return;
  try {
    for (;;) {
      const read: { readonly done: boolean; readonly value?: unknown } = await reader.read();
      if (read.done) return;
      if (read.value instanceof Uint8Array) yield read.value;
    }
  } finally {
    await reader.cancel().catch(() => undefined);
  }
}

/** The whole body. Raises `too_large` past 64 MiB. */
export async function bytesOf(response: Response): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of chunksOf(response)) {
    length += chunk.byteLength;
    if (length > REPLY_BYTES_MAX) throw new AppError('too_large', 'The answer is too large.');
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

/** The server's error in our own class; what is no problem document becomes `bad_reply`. */
async function errorOf(response: Response): Promise<AppError> {
  const { status } = response;
  const parsed = problemSchema.safeParse(jsonOf(await bytesOf(response)));
  if (!parsed.success) {
    return new AppError(
      'bad_reply',
      `The server answered ${status.toString()}, not as Firebreak does.`,
    );
  }
  const { code, detail, field, permission, requestId } = parsed.data;
  const retryAfter = response.headers.get('retry-after');
  const options: ErrorOptions = {
    details: { requestId, status },
    ...(field === null ? {} : { field }),
    ...(permission === null ? {} : { permission }),
    ...(retryAfter === null ? {} : { retryAfterMs: Number(retryAfter) * 1000 }),
  };
  return new AppError(code, detail, options);
}

/** Sends and answers the head of the reply. Raises `unavailable` when nobody answers, else the server's own error. */
export async function connect(
  options: ClientOptions,
  request: ClientRequest,
  signal: AbortSignal,
): Promise<Response> {
  const base = options.url.replace(/\/+$/, '');
  const credentials = options.token === null ? {} : { authorization: `Bearer ${options.token}` };
  let response: Response;
  try {
    response = await fetch(`${base}${request.path}`, {
      method: request.method,
      // A redirect could carry the token elsewhere.
      redirect: 'error',
      signal,
      headers: { 'x-firebreak-channel': options.channel, ...credentials, ...request.headers },
      ...(request.body === null ? {} : { body: request.body }),
    });
  } catch (cause) {
    if (options.signal?.aborted === true) throw cause;
    throw new AppError('unavailable', `Firebreak does not answer at ${base}.`, {
      cause,
      details: { reason: 'unreachable', url: base },
    });
  }
  if (response.ok || request.accept?.includes(response.status) === true) return response;
  throw await errorOf(response);
}

/**
 * One exchange within the time limit; `repeatable` requests are made again while nobody answers at all. Raises what
 * `connect` raises.
 */
export async function exchange(
  options: ClientOptions,
  request: ClientRequest,
  repeatable: boolean,
): Promise<Response> {
  for (let attempt = 1; ; attempt += 1) {
    const timeout = AbortSignal.timeout(options.timeoutMs ?? TIMEOUT_MS);
    const signal = options.signal ? AbortSignal.any([options.signal, timeout]) : timeout;
    try {
      return await connect(options, request, signal);
    } catch (error) {
      const unreachable = isAppError(error) && error.details?.['reason'] === 'unreachable';
      if (!repeatable || !unreachable || attempt >= ATTEMPTS_MAX) throw error;
      await delay(RETRY_MS * attempt);
    }
  }
}
