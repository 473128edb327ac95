import { LogLevel, WebClient, type Logger } from '@slack/web-api';
import type { z } from 'zod';
import { AppError } from '../../domain/error.ts';
import { parseWith, type CallContext, type Health } from '../connector.ts';
import { healthOf } from '../health.ts';
import { healthContext } from '../http.ts';
import { retryAfterOf } from '../http-failure.ts';
import { readCapped } from '../http-reading.ts';
import { askPermit } from '../permit.ts';
import { createRedactor, redacted } from '../redaction.ts';
import { failureOf } from './failure.ts';
import type { SlackBlock, SlackConfig } from './manifest.ts';
import { channelCalls, type ChannelCalls } from './channel-calls.ts';
import { authReply, messagesReply, writtenReply, type SlackMessage } from './reply-schema.ts';
import { missingScopes } from './scopes.ts';

/** A message as we write it. */
export interface OutgoingMessage {
  readonly channel: string;
  readonly text: string;
  readonly blocks: readonly SlackBlock[];
  /** Our mark: digests of the idempotency key and of what is shown. */
  readonly mark: { readonly key: string; readonly content: string };
}

/** Where to look for messages. */
export interface MessagePage {
  readonly channel: string;
  /** Timestamp of a thread's parent; null looks at the channel itself, newest first. */
  readonly threadTs: string | null;
  /** Seconds since the epoch; null for no bound. */
  readonly oldest: string | null;
  readonly limit: number;
  readonly cursor: string | null;
}

/** Calls to one Slack workspace. */
export interface SlackClient extends ChannelCalls {
  /** Answers the message's timestamp. Raises `outcome_unknown` when Slack did not say. */
  post(
    message: OutgoingMessage & { readonly threadTs: string | null },
    context: CallContext,
  ): Promise<string>;
  /** Raises `not_found` for a message that is gone, `outcome_unknown` when Slack did not say. */
  update(message: OutgoingMessage & { readonly ts: string }, context: CallContext): Promise<void>;
  /** Messages with our marks, and the cursor of the next page. */
  messages(
    page: MessagePage,
    context: CallContext,
  ): Promise<{ readonly messages: readonly SlackMessage[]; readonly next: string | null }>;
  health(signal: AbortSignal): Promise<Health>;
  close(): Promise<void>;
}

const TIMEOUT_MS = 10_000;
const REPLY_BYTES_MAX = 4 * 1024 * 1024;
/** What the connector by itself needs: to post, and to read back. */
const OWN_USE = { answers: false, channel: null, incidentChannels: 'none' } as const;

/** Slack's client writes to the console by default; what matters comes as errors. */
const SILENT: Logger = {
  debug: () => undefined,
  info: () => undefined,
  warn: () => undefined,
  error: () => undefined,
  setLevel: () => undefined,
  getLevel: () => LogLevel.ERROR,
  setName: () => undefined,
};

/** One call of a method of Slack's Web API. */
export interface SlackCall<T> {
  readonly method: string;
  readonly parameters: Readonly<Record<string, unknown>>;
  readonly mutating: boolean;
  readonly schema: z.ZodType<T>;
}

/** Calls a method and parses its answer. Raises what `failureOf` makes of a failure, and `bad_reply`. */
export type SlackCaller = <T>(call: SlackCall<T>, context: CallContext) => Promise<T>;

/** With which token Slack is called, and where; the public address by default. */
export type SlackAccess = Pick<SlackConfig, 'token' | 'apiUrl'>;

/** Calls methods of Slack's Web API through the official client: no retry of its own, deadline, size cap. */
export function createCaller(config: SlackAccess, closing: AbortSignal): SlackCaller {
  const redact = createRedactor([config.token]);
  return async <T>(call: SlackCall<T>, context: CallContext): Promise<T> => {
    const { mutating } = call;
    const answered: { status: number | null; retryAfterMs?: number | undefined } = { status: null };
    const signal = AbortSignal.any([closing, context.signal, AbortSignal.timeout(TIMEOUT_MS)]);
    const client = new WebClient(config.token, {
      ...(config.apiUrl === undefined ? {} : { slackApiUrl: config.apiUrl }),
      retryConfig: { retries: 0 },
      rejectRateLimitedCalls: true,
      timeout: TIMEOUT_MS,
      allowAbsoluteUrls: false,
      logger: SILENT,
      // The client takes no signal per call, reads replies of any size and tells no redirect from silence.
      fetch: async (url, init) => {
        const response = await fetch(url, { ...init, redirect: 'manual', signal });
        answered.status = response.status;
        answered.retryAfterMs = retryAfterOf(response.headers.get('retry-after'), context.now());
        const text = await readCapped(response, REPLY_BYTES_MAX);
        if (text === null) throw new AppError('too_large', 'A reply of Slack is too large.');
        return new Response(text, { status: response.status, headers: response.headers });
      },
    });
    if (mutating) await askPermit(context, 'Slack');
    if (signal.aborted) {
      throw new AppError('unavailable', 'The call to Slack was stopped before it was sent.');
    }
    try {
      const reply = await client.apiCall(call.method, { ...call.parameters });
      return parseWith(call.schema, reply, { code: 'bad_reply', name: call.method });
    } catch (error) {
      throw redacted(failureOf(error, { mutating, ...answered }), redact);
    }
  };
}

/** What is equal in posting and editing. */
function contentOf(message: OutgoingMessage): Record<string, unknown> {
  return {
    channel: message.channel,
    text: message.text,
    blocks: message.blocks,
    metadata: { event_type: 'firebreak_message', event_payload: message.mark },
    parse: 'none',
    link_names: false,
  };
}

/** A client of one Slack workspace. */
export function createSlackClient(config: SlackConfig): SlackClient {
  const closing = new AbortController();
  const call = createCaller(config, closing.signal);
  return {
    ...channelCalls(call),
    post: async (message, context) => {
      const parameters = {
        ...contentOf(message),
        thread_ts: message.threadTs ?? undefined,
        unfurl_links: false,
        unfurl_media: false,
      };
      const schema = writtenReply;
      return (
        await call({ method: 'chat.postMessage', parameters, mutating: true, schema }, context)
      ).ts;
    },
    update: async (message, context) => {
      const parameters = { ...contentOf(message), ts: message.ts };
      const schema = writtenReply;
      await call({ method: 'chat.update', parameters, mutating: true, schema }, context);
    },
    messages: async (page, context) => {
      const parameters = {
        channel: page.channel,
        ts: page.threadTs ?? undefined,
        oldest: page.oldest ?? undefined,
        limit: page.limit,
        cursor: page.cursor ?? undefined,
        include_all_metadata: true,
      };
      const method = page.threadTs === null ? 'conversations.history' : 'conversations.replies';
      const schema = messagesReply;
      const reply = await call({ method, parameters, mutating: false, schema }, context);
      const next = reply.response_metadata?.next_cursor ?? '';
      return { messages: reply.messages, next: reply.has_more && next !== '' ? next : null };
    },
    health: async (signal) => {
      let missing: readonly string[] = [];
      const health = await healthOf(async () => {
        const asked = { method: 'auth.test', parameters: {}, mutating: false, schema: authReply };
        const reply = await call(asked, healthContext(signal));
        const scopes = reply.response_metadata?.scopes;
        missing =
          scopes === undefined ? [] : missingScopes(OWN_USE, scopes).map(({ anyOf: [one] }) => one);
        return null;
      });
      return missing.length === 0
        ? health
        : { ...health, missing, problem: `The token lacks ${missing.join(', ')}.` };
    },
    close: () => {
      closing.abort(new Error('closed'));
      return Promise.resolve();
    },
  };
}
