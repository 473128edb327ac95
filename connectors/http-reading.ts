import type { z } from 'zod';
import { AppError, isAppError } from '../domain/error.ts';
import { failureOfSilence, type FailedCall } from './http-failure.ts';

/**
 * The body as text; null when it is longer than the cap. Raises `bad_reply` for a good answer that is no UTF-8: what it
 * names would be read as something else. An answer that says no is only quoted.
 */
export async function readCapped(
  { ok, body }: { readonly ok: boolean; readonly body: AsyncIterable<Uint8Array> | null },
  bytesMax: number,
): Promise<string | null> {
  if (body === null) return '';
  const pieces: Uint8Array[] = [];
  let size = 0;
  for await (const piece of body) {
    size += piece.byteLength;
    if (size > bytesMax) return null;
    pieces.push(piece);
  }
  try {
    return new TextDecoder('utf-8', { fatal: ok }).decode(Buffer.concat(pieces));
  } catch (error) {
    throw new AppError('bad_reply', 'The reply is no UTF-8.', { cause: error });
  }
}

function parseJson(text: string, orText: boolean): unknown {
  if (text === '') return undefined;
  try {
    return JSON.parse(text);
  } catch (error) {
    if (orText) return text;
    throw new AppError('bad_reply', 'The reply is not JSON.', { cause: error });
  }
}

/**
 * The body as its schema says: an empty one is parsed as `undefined`, with `orText` what is not JSON as text.
 * Raises `bad_reply` naming the field.
 */
export function parseReply<T>(
  text: string,
  call: { readonly name: string; readonly schema: z.ZodType<T>; readonly orText: boolean },
): T {
  const parsed = call.schema.safeParse(parseJson(text, call.orText));
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0];
  const field = issue?.path.map(String).join('.') ?? '';
  const where = field === '' ? '' : ` at ${field}`;
  throw new AppError(
    'bad_reply',
    `${call.name} answered something else than expected${where}: ${issue?.message ?? 'not understood'}`,
    { ...(field === '' ? {} : { field }), cause: parsed.error },
  );
}

/** Aborts its signal after a silence; `touch` starts the silence anew. */
export interface SilenceTimer {
  readonly signal: AbortSignal;
  touch(): void;
  stop(): void;
}

/** A running silence timer. */
export function createSilenceTimer(timeoutMs: number): SilenceTimer {
  const controller = new AbortController();
  const expire = (): void => {
    controller.abort(new Error('timed out'));
  };
  let timer = setTimeout(expire, timeoutMs);
  return {
    signal: controller.signal,
    touch: () => {
      clearTimeout(timer);
      timer = setTimeout(expire, timeoutMs);
    },
    stop: () => {
      clearTimeout(timer);
    },
  };
}

/** Yields the pieces of a body up to a cap and stops the timer. Raises `too_large` and `unavailable`. */
export async function* cappedPieces(
  body: AsyncIterable<Uint8Array>,
  call: { readonly bytesMax: number; readonly failed: FailedCall },
  timer: SilenceTimer,
): AsyncGenerator<Uint8Array> {
  let size = 0;
  try {
    for await (const piece of body) {
      timer.touch();
      size += piece.byteLength;
      if (size > call.bytesMax) {
        const limit = call.bytesMax.toString();
        throw new AppError('too_large', `A reply of ${call.failed.name} exceeds ${limit} bytes.`);
      }
      yield piece;
    }
  } catch (error) {
    throw isAppError(error) ? error : failureOfSilence(error, call.failed);
  } finally {
    timer.stop();
  }
}
