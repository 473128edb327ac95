import { LogLevel, SocketModeReceiver, type Logger, type Receiver } from '@slack/bolt';
import type { SlackRequests } from '../dependencies.ts';
import type { SlackDesk, SlackLog } from './door.ts';
import { EventApp } from './event-app.ts';
import { HttpReceiver } from './http-receiver.ts';
import { listen } from './listeners.ts';
import { SocketConnection } from './socket-connection.ts';

/** How to reach Slack, and who answers. */
export interface SlackInboundOptions {
  /** How Slack reaches us: over a socket that we open, or by requests that it signs. */
  readonly way:
    | { readonly kind: 'socket'; readonly appToken: string }
    | { readonly kind: 'http'; readonly signingSecret: string };
  readonly botToken: string;
  /** Base address of Slack's Web API; the public one by default. */
  readonly apiUrl?: string;
  readonly desk: SlackDesk;
  readonly log: SlackLog;
}

/** The open door. */
export interface SlackInbound {
  /** What the API's route hands on; null over a socket. */
  readonly requests: SlackRequests | null;
  /** Closes the connection and forgets what is not answered yet. */
  stop(): Promise<void>;
}

const CALL_TIMEOUT_MS = 10_000;

/** What our own calls to Slack go by: no retry of the library's, a deadline, and an end when the door is closed. */
function clientOptionsOf(options: SlackInboundOptions, callers: { readonly fetch: typeof fetch }) {
  const { apiUrl } = options;
  return {
    ...(apiUrl === undefined ? {} : { slackApiUrl: apiUrl }),
    retryConfig: { retries: 0 },
    rejectRateLimitedCalls: true,
    timeout: CALL_TIMEOUT_MS,
    fetch: callers.fetch,
  };
}

function secretOf({ way }: SlackInboundOptions): string {
  return way.kind === 'socket' ? way.appToken : way.signingSecret;
}

/** What Slack's libraries say, without tokens, in our log. */
function libraryLogger(options: SlackInboundOptions): Logger {
  const clean = (words: readonly unknown[]): string =>
    [secretOf(options), options.botToken].reduce(
      (text, token) => text.replaceAll(token, '[redacted]'),
      words.map(String).join(' ').slice(0, 500),
    );
  const warn = (...words: readonly unknown[]): void => {
    options.log.warn({ slack: clean(words) }, 'Slack library');
  };
  return {
    debug: () => undefined,
    info: () => undefined,
    warn,
    error: warn,
    setLevel: () => undefined,
    getLevel: () => LogLevel.WARN,
    setName: () => undefined,
  };
}

/** What both ways share. */
interface Opening {
  readonly options: SlackInboundOptions;
  readonly logger: Logger;
  readonly fetch: typeof fetch;
}

function open({ options, logger, fetch }: Opening, receiver: Receiver): void {
  const app = new EventApp({
    receiver,
    logger,
    logLevel: LogLevel.WARN,
    convoStore: false,
    ignoreSelf: false,
    // Without asking Slack: a start must not fail because Slack is down.
    authorize: () => Promise.resolve({ botToken: options.botToken }),
    clientOptions: clientOptionsOf(options, { fetch }),
  });
  listen({ app, desk: options.desk, log: options.log });
}

function openHttp(opening: Opening, signingSecret: string): SlackInbound {
  const receiver = new HttpReceiver();
  open(opening, receiver);
  return {
    requests: { signingSecret, deliver: (body) => receiver.deliver(body) },
    stop: () => receiver.stop(),
  };
}

function openSocket(opening: Opening, appToken: string, stopping: AbortSignal): SlackInbound {
  const { options, logger, fetch } = opening;
  const receiver = new SocketModeReceiver({
    appToken,
    logger,
    // Reconnecting is ours: the library's own ends the process when it gives up.
    autoReconnectEnabled: false,
    customPropertiesExtractor: ({ envelope_id: envelopeId }: { envelope_id?: string }) => ({
      envelopeId,
    }),
    // Options of its own: Bolt would share them with the listeners' client and add 100 retries.
    installerOptions: { clientOptions: clientOptionsOf(options, { fetch }) },
  });
  open(opening, receiver);
  const running = new SocketConnection(receiver, options.log, stopping).run();
  return { requests: null, stop: () => running };
}

/** Opens the door to Slack and keeps it open. Answers at once, also while Slack is down. */
export function startSlackInbound(options: SlackInboundOptions): SlackInbound {
  const stopping = new AbortController();
  const abortable: typeof fetch = (url, init) =>
    fetch(url, {
      ...init,
      signal: AbortSignal.any([stopping.signal, ...(init?.signal ? [init.signal] : [])]),
    });
  const { way } = options;
  const opening = { options, logger: libraryLogger(options), fetch: abortable };
  const door =
    way.kind === 'http'
      ? openHttp(opening, way.signingSecret)
      : openSocket(opening, way.appToken, stopping.signal);
  return {
    requests: door.requests,
    stop: async () => {
      stopping.abort(new Error('stopped'));
      await door.stop();
    },
  };
}
