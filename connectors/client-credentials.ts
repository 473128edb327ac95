import { z } from 'zod';
import { AppError, isAppError } from '../domain/error.ts';
import type { HttpAccessConfig } from './http-access-config.ts';
import type { Send } from './http-transport.ts';
import { createHttpClient, healthContext, type HttpClient } from './http.ts';

/** A token that names no lifetime is asked for again after five minutes. */
const LIFETIME_DEFAULT_SECONDS = 300;
/** A token is not used in its last moments, in which it may expire on the way. */
const MARGIN_MS = 10_000;
const ANSWER_WITHIN_MS = 10_000;
const REPLY_BYTES_MAX = 64 * 1024;
const REFUSALS: readonly number[] = [400, 401, 403];

const tokenReply = z.looseObject({
  access_token: z.string().min(1).max(20_000),
  token_type: z.string().regex(/^bearer$/i, 'is no bearer token'),
  expires_in: z.number().min(0).max(31_536_000).nullish(),
});
const refusal = z.looseObject({ error: z.string().regex(/^[\w.-]{1,64}$/) });

/** What asks an authorization server for tokens. */
export interface TokenSource {
  /** A token that is good for a while; requests at the same time share one. Raises `unauthorized`, `unavailable`. */
  token(): Promise<string>;
  /** Says that a token was refused: the next one is a new one. */
  refused(token: string): void;
  close(): Promise<void>;
}

/** What a token source is made of. */
export interface TokenSourceOptions {
  /** The system's name in messages. */
  readonly name: string;
  readonly client: NonNullable<HttpAccessConfig['oauth2']>;
  readonly send: Send;
  /** Every token that comes is handed over, to be kept out of messages. */
  readonly remember: (secret: string) => void;
  /** Milliseconds of a clock that never goes back. */
  readonly now: () => number;
}

/** The server's own word on a refusal; nothing else of its answer is quoted. */
function classify(name: string, status: number, body: string): AppError | undefined {
  if (!REFUSALS.includes(status)) return undefined;
  let why = status.toString();
  try {
    const said = refusal.safeParse(JSON.parse(body));
    if (said.success) why = said.data.error;
  } catch {
    // No JSON: the status has to do.
  }
  const message = `The token endpoint of ${name} refused us (${why}).`;
  return new AppError('unauthorized', message, { permission: 'a valid client id and secret' });
}

/** RFC 6749 §2.3.1: both are form-encoded before they become a basic credential. */
function basicOf({ clientId, clientSecret }: TokenSourceOptions['client']): string {
  const form = (text: string): string =>
    new URLSearchParams([['', text]]).toString().slice('='.length);
  return Buffer.from(`${form(clientId)}:${form(clientSecret)}`).toString('base64');
}

function clientOf(options: TokenSourceOptions): {
  readonly http: HttpClient;
  readonly path: string[];
} {
  const { name, client } = options;
  const url = new URL(client.tokenUrl);
  const path = url.pathname.split('/').filter((part) => part !== '');
  url.pathname = '/';
  const basic = basicOf(client);
  const http = createHttpClient({
    name: `The token endpoint of ${name}`,
    baseUrl: url.href,
    headers: () => Promise.resolve({ authorization: `Basic ${basic}` }),
    secrets: [client.clientSecret, basic],
    send: options.send,
    timeoutMs: ANSWER_WITHIN_MS,
    replyBytesMax: REPLY_BYTES_MAX,
    classify: (status, body) => classify(name, status, body),
  });
  return { http, path: path.map(decodeURIComponent) };
}

/** Tokens by OAuth 2.0 client credentials (RFC 6749 §4.4), kept until shortly before they expire. */
export function createTokenSource(options: TokenSourceOptions): TokenSource {
  const { client, remember, now } = options;
  const { http, path } = clientOf(options);
  const form = new URLSearchParams({ grant_type: 'client_credentials' });
  if (client.scope !== undefined) form.set('scope', client.scope);
  if (client.audience !== undefined) form.set('audience', client.audience);
  let kept: { readonly token: string; readonly until: number } | undefined;
  let asking: Promise<string> | undefined;
  const ask = async (): Promise<string> => {
    const { value } = await http.call(
      {
        method: 'POST',
        path,
        body: Buffer.from(form.toString()),
        contentType: 'application/x-www-form-urlencoded',
        schema: tokenReply,
        readOnly: true,
      },
      healthContext(AbortSignal.timeout(ANSWER_WITHIN_MS)),
    );
    const { access_token: token, expires_in: seconds } = value;
    remember(token);
    const lifetimeMs = (seconds ?? LIFETIME_DEFAULT_SECONDS) * 1000;
    kept = { token, until: now() + lifetimeMs - Math.min(MARGIN_MS, lifetimeMs / 2) };
    return token;
  };
  const renew = async (): Promise<string> => {
    try {
      return await ask();
    } catch (error) {
      // What a token endpoint lacks is not what the system itself lacks: `not_found` would be read as an answer of it.
      if (isAppError(error) && ['unauthorized', 'unavailable'].includes(error.code)) throw error;
      const message = `No token from the token endpoint of ${options.name}.`;
      throw new AppError('unavailable', message, { cause: error });
    } finally {
      asking = undefined;
    }
  };
  return {
    token: () => {
      if (kept !== undefined && now() < kept.until) return Promise.resolve(kept.token);
      asking ??= renew();
      return asking;
    },
    refused: (token) => {
      if (kept?.token === token) kept = undefined;
    },
    close: () => http.close(),
  };
}
