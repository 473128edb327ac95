import type { CustomFetchOptions } from 'openid-client';
import { AppError, isAppError } from '../domain/error.ts';

/** No answer of an issuer is anywhere near this. */
const ANSWER_BYTES_MAX = 256 * 1024;

async function readBounded({ body }: Response): Promise<Uint8Array<ArrayBuffer>> {
  if (body === null) return new Uint8Array();
  const parts: AsyncIterable<Uint8Array> = body;
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of parts) {
    bytes += chunk.byteLength;
    // Leaving the loop ends the answer.
    if (bytes > ANSWER_BYTES_MAX) {
      throw new AppError('too_large', 'The issuer answers more than 256 KiB.');
    }
    chunks.push(chunk);
  }
  return new Uint8Array(Buffer.concat(chunks));
}

async function ask(
  url: string,
  { method, headers, body, signal }: CustomFetchOptions,
): Promise<Response> {
  const answer = await fetch(url, {
    ...{ method, headers, redirect: 'manual' },
    // The library sends forms and nothing else.
    ...(body instanceof URLSearchParams ? { body } : {}),
    ...(signal === undefined ? {} : { signal }),
  });
  const bytes = await readBounded(answer);
  const { status, statusText } = answer;
  const head = { status, statusText, headers: answer.headers };
  return new Response(bytes.byteLength === 0 ? null : bytes, head);
}

/** Of a connection that failed: `ECONNREFUSED`, or what else the system calls it. */
function systemCodeOf(error: unknown): string {
  const code = propertyOf(propertyOf(error, 'cause'), 'code');
  return typeof code === 'string' ? code : 'the connection broke';
}

function propertyOf(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null ? Reflect.get(value, name) : undefined;
}

/**
 * Asks an issuer over HTTP: no redirect is followed, the answer is bounded and whole. Raises `unavailable` when it cannot be reached
 * or does not answer in time, and `too_large`.
 */
export async function fetchFromIssuer(url: string, options: CustomFetchOptions): Promise<Response> {
  try {
    return await ask(url, options);
  } catch (error) {
    if (isAppError(error)) throw error;
    const late = options.signal?.aborted === true;
    const why = late ? 'it did not answer in time' : `it cannot be reached: ${systemCodeOf(error)}`;
    throw new AppError('unavailable', why, { cause: error });
  }
}
