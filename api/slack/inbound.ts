import { App, LogLevel, SocketModeReceiver, type Logger } from '@slack/bolt';
import type { SlackDesk, SlackLog } from './door.ts';
import { listen } from './listeners.ts';
import { SocketConnection } from './socket-connection.ts';

/** How to reach Slack, and who answers. */
export interface SlackInboundOptions {
  readonly appToken: string;
  readonly botToken: string;
  /** Base address of Slack's Web API; the public one by default. */
  readonly apiUrl?: string;
  readonly desk: SlackDesk;
  readonly log: SlackLog;
}

/** The open door. */
export interface SlackInbound {
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

/** What Slack's libraries say, without tokens, in our log. */
function libraryLogger(options: SlackInboundOptions): Logger {
  const clean = (words: readonly unknown[]): string =>
    [options.appToken, options.botToken].reduce(
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

/**
 * Opens the door to Slack over Socket Mode and keeps it open. Resolves at once, also while Slack is down.
 */
export function startSlackInbound(options: SlackInboundOptions): Promise<SlackInbound> {
  const stopping = new AbortController();
  const abortable: typeof fetch = (url, init) =>
    fetch(url, {
      ...init,
      signal: AbortSignal.any([stopping.signal, ...(init?.signal ? [init.signal] : [])]),
    });
  const logger = libraryLogger(options);
  const receiver = new SocketModeReceiver({
    appToken: options.appToken,
    logger,
    // Reconnecting is ours: the library's own ends the process when it gives up.
    autoReconnectEnabled: false,
    customPropertiesExtractor: ({ envelope_id: envelopeId }: { envelope_id?: string }) => ({
      envelopeId,
    }),
    // Options of its own: Bolt would share them with the listeners' client and add 100 retries.
    installerOptions: { clientOptions: clientOptionsOf(options, { fetch: abortable }) },
  });
  const app = new App({
    receiver,
    logger,
    logLevel: LogLevel.WARN,
    convoStore: false,
    ignoreSelf: false,
    // Without asking Slack: a start must not fail because Slack is down.
    authorize: () => Promise.resolve({ botToken: options.botToken }),
    clientOptions: clientOptionsOf(options, { fetch: abortable }),
  });
  listen({ app, desk: options.desk, log: options.log });
  const running = new SocketConnection(receiver, options.log, stopping.signal).run();
  return Promise.resolve({
    stop: async () => {
      stopping.abort(new Error('stopped'));
      await running;
    },
  });
}
