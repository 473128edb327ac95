import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { App, LogLevel, SocketModeReceiver, type Logger } from '@slack/bolt';
import { z } from 'zod';
import { isAppError, toAppError } from '../domain/error.ts';
import { sha256Hex } from '../evidence/digest.ts';
import { escapeMrkdwn } from '../render/slack.ts';

/** What a person asked for in Slack. Slack proves who asked; what they may do is ours to decide. */
export interface SlackRequest {
  /** What stood behind the verb, without control characters. */
  readonly text: string;
  /** Slack's user id, never a display name. */
  readonly slackUser: string;
  readonly team: string;
  /** The same for each delivery of one command: a repeated envelope opens nothing twice. */
  readonly requestId: string;
}

/** What is answered to the person alone: plain text, escaped here. */
export interface SlackAnswer {
  readonly text: string;
}

/** Where the door writes what happens to its connection. */
export interface SlackLog {
  info(data: object, text: string): void;
  warn(data: object, text: string): void;
}

/** How to reach Slack, and who answers. */
export interface SlackInboundOptions {
  readonly appToken: string;
  readonly botToken: string;
  /** Base address of Slack's Web API; the public one by default. */
  readonly apiUrl?: string;
  /**
   * Opens an incident, idempotent by `requestId`, and commits before it answers. Raises `unauthorized` or `refused` for people who
   * may not, `invalid` and `too_large` for words that cannot be used.
   */
  readonly open: (request: SlackRequest) => Promise<SlackAnswer>;
  /** Answers `/firebreak status`; without it the person is sent to the page. */
  readonly status?: (request: SlackRequest) => Promise<SlackAnswer>;
  readonly log: SlackLog;
}

/** The open door. */
export interface SlackInbound {
  /** Closes the connection and forgets what is not answered yet. */
  stop(): Promise<void>;
}

const COMMAND = '/firebreak';
const TEXT_MAX = 3_000;
/** Slack gives up after 3 s: by then the person knows at least that we do not know. */
const ACK_WITHIN_MS = 2_300;
const CALL_TIMEOUT_MS = 10_000;
const CONNECT_TIMEOUT_MS = 30_000;
const CLOSE_TIMEOUT_MS = 1_000;
const RECONNECT_FIRST_MS = 250;
const RECONNECT_MAX_MS = 30_000;
/** A connection that lived so long is reconnected at once. */
const HEALTHY_MS = 10_000;

const HELP = [
  'Firebreak, what you can do here:',
  `${COMMAND} open <what is wrong> – opens an incident; name the model (model=fraud-scorer) when you know it`,
  `${COMMAND} status – where incidents stand`,
  `${COMMAND} help – this text`,
].join('\n');
const NOT_KNOWN = 'Sorry, Firebreak does not know you as a responder. Please ask an administrator.';
const NO_STATUS = 'Open incidents stand on the page, and `firebreak incident list` shows them.';
const NOT_CONFIRMED =
  'This takes longer than usual. It is not confirmed yet; the answer will follow here.';
const TROUBLE = 'Firebreak could not confirm that just now. Please look at the page, or try again.';

const envelope = z.object({ envelopeId: z.string().min(1) });

/** Slack sends `&`, `<` and `>` as entities. */
function wordsOf(text: string): string {
  return text
    .replaceAll('&lt;', '<')
    .replaceAll('&gt;', '>')
    .replaceAll('&amp;', '&')
    .replace(/[\p{Cc}\p{Cs}]+/gu, ' ')
    .trim();
}

/** What a failure says to the person who asked. */
function apologyOf(error: unknown): string {
  if (!isAppError(error)) return TROUBLE;
  if (error.code === 'unauthorized' || error.code === 'refused') return NOT_KNOWN;
  if (error.code === 'invalid' || error.code === 'too_large') return error.message;
  return TROUBLE;
}

/** The answer to a command; failures become words. */
async function answerTo(options: SlackInboundOptions, request: SlackRequest): Promise<string> {
  const [verb = '', ...rest] = request.text.split(' ');
  const text = rest.join(' ').trim();
  if (verb === 'status') {
    return options.status ? (await options.status({ ...request, text })).text : NO_STATUS;
  }
  if (verb !== 'open') return HELP;
  if (text === '') return `Please say what is wrong.\n${HELP}`;
  if (text.length > TEXT_MAX) return `Please say it in ${TEXT_MAX.toString()} characters.`;
  return (await options.open({ ...request, text })).text;
}

interface Reply {
  readonly text: string;
  readonly response_type: 'ephemeral';
}

/** Answers within the three seconds: the outcome once it is committed, else that it is open, and the outcome later. */
async function acknowledge(
  working: Promise<string>,
  send: {
    ack(reply: Reply): Promise<void>;
    respond(reply: Reply): Promise<unknown>;
  },
): Promise<void> {
  const replyOf = (text: string): Reply => ({
    text: escapeMrkdwn(text),
    response_type: 'ephemeral',
  });
  const giveUp = new AbortController();
  const late = sleep(ACK_WITHIN_MS, null, { signal: giveUp.signal }).catch(() => null);
  const first = await Promise.race([working, late]);
  giveUp.abort();
  try {
    await send.ack(replyOf(first ?? NOT_CONFIRMED));
    if (first !== null) return;
  } catch {
    // The connection went in between: the answer goes by the response address.
  }
  await send.respond(replyOf(await working));
}

function createApp(
  options: SlackInboundOptions,
  receiver: SocketModeReceiver,
  library: { readonly logger: Logger; readonly fetch: typeof fetch },
): App {
  const { botToken, apiUrl, log } = options;
  const app = new App({
    receiver,
    logger: library.logger,
    logLevel: LogLevel.WARN,
    convoStore: false,
    ignoreSelf: false,
    // Without asking Slack: a start must not fail because Slack is down.
    authorize: () => Promise.resolve({ botToken }),
    clientOptions: {
      ...(apiUrl === undefined ? {} : { slackApiUrl: apiUrl }),
      retryConfig: { retries: 0 },
      rejectRateLimitedCalls: true,
      timeout: CALL_TIMEOUT_MS,
      fetch: library.fetch,
    },
  });
  app.command(COMMAND, async ({ command, ack, respond, context }) => {
    const { user_id: slackUser, team_id: team, trigger_id: trigger } = command;
    // A redelivery has the same trigger; the envelope's own id is the fallback.
    const delivered = trigger === '' ? envelope.parse(context).envelopeId : trigger;
    const requestId = `slack-${sha256Hex(`${team}/${delivered}`).slice(0, 32)}`;
    const request = { text: wordsOf(command.text), slackUser, team, requestId };
    const working = answerTo(options, request).catch((error: unknown) => {
      log.warn({ code: toAppError(error).code, requestId }, 'a Slack command was not carried out');
      return apologyOf(error);
    });
    await acknowledge(working, { ack, respond });
  });
  app.error((error) => {
    log.warn({ code: error.code }, 'a Slack command was not answered');
    return Promise.resolve();
  });
  return app;
}

/** Keeps one connection to Slack open; every failure is followed by a longer rest. */
class Connection {
  private readonly receiver: SocketModeReceiver;
  private readonly log: SlackLog;
  private readonly stopping: AbortSignal;
  private restMs = RECONNECT_FIRST_MS;

  constructor(receiver: SocketModeReceiver, log: SlackLog, stopping: AbortSignal) {
    this.receiver = receiver;
    this.log = log;
    this.stopping = stopping;
  }

  private stopped(): boolean {
    return this.stopping.aborted;
  }

  async run(): Promise<void> {
    while (!this.stopped()) {
      const startedMs = performance.now();
      try {
        await this.hold();
      } catch (error) {
        if (this.stopped()) return;
        const problem = error instanceof Error ? error.name : 'closed';
        this.log.warn({ problem, restMs: this.restMs }, 'Slack cannot be reached');
      }
      const healthy = performance.now() - startedMs > HEALTHY_MS;
      this.restMs = healthy ? RECONNECT_FIRST_MS : Math.min(this.restMs * 2, RECONNECT_MAX_MS);
      await sleep(this.restMs, null, { signal: this.stopping }).catch(() => null);
    }
  }

  /** Connects and resolves once the connection is gone. */
  private async hold(): Promise<void> {
    const { client } = this.receiver;
    const close = (): void => {
      void this.disconnect();
    };
    const abandon = AbortSignal.any([AbortSignal.timeout(CONNECT_TIMEOUT_MS), this.stopping]);
    abandon.addEventListener('abort', close);
    const gone = new AbortController();
    const left = (): void => {
      gone.abort();
    };
    client.on('disconnected', left);
    try {
      await this.receiver.start();
      abandon.removeEventListener('abort', close);
      if (this.stopped()) return;
      this.log.info({}, 'connected to Slack');
      this.stopping.addEventListener('abort', close, { once: true });
      if (!gone.signal.aborted) await once(gone.signal, 'abort');
    } finally {
      abandon.removeEventListener('abort', close);
      this.stopping.removeEventListener('abort', close);
      client.off('disconnected', left);
      await this.disconnect();
    }
  }

  /**
   * Closes the socket. The second call ends a handshake that the other side does not answer, and clears a timer of half a minute that
   * the library leaves when it is closed while it connects.
   */
  private async disconnect(): Promise<void> {
    const { client } = this.receiver;
    const closing = client.disconnect();
    const late = new AbortController();
    const forced = sleep(CLOSE_TIMEOUT_MS, null, { signal: late.signal }).catch(() => null);
    await Promise.race([closing, forced]);
    late.abort();
    await client.disconnect();
  }
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
 * Opens the door to Slack over Socket Mode and keeps it open: `/firebreak open …`, `status`, `help`. Resolves at once, also while
 * Slack is down.
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
    installerOptions: {
      clientOptions: {
        ...(options.apiUrl === undefined ? {} : { slackApiUrl: options.apiUrl }),
        retryConfig: { retries: 0 },
        rejectRateLimitedCalls: true,
        timeout: CALL_TIMEOUT_MS,
        fetch: abortable,
      },
    },
  });
  createApp(options, receiver, { logger, fetch: abortable });
  const running = new Connection(receiver, options.log, stopping.signal).run();
  return Promise.resolve({
    stop: async () => {
      stopping.abort(new Error('stopped'));
      await running;
    },
  });
}
