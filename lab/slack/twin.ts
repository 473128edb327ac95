import { EventEmitter, once } from 'node:events';
import { createFaultPlan, type FaultPlan } from '../fault.ts';
import { startTwin, type Twin, type TwinReply, type TwinRequest } from '../twin.ts';
import { peopleOf, type People, type World } from './people.ts';
import { startSocketMode, type SocketAck, type SocketMode } from './socket-mode.ts';
import { Views } from './views.ts';
import {
  BOT,
  SlackRefusal,
  SlackWorkspace,
  type SlackChannel,
  type SlackMessage,
  type SlackUser,
} from './workspace.ts';

/** How a Slack twin behaves. */
export interface SlackTwinOptions {
  readonly botToken?: string;
  readonly appToken?: string;
  /** One public channel `C0INCIDENTS` by default. */
  readonly channels?: readonly SlackChannel[];
  /** Two people, `U0MONA` and `U0SAM`, by default. */
  readonly users?: readonly SlackUser[];
  /** Scopes that the bot token lacks: `channels:history` … */
  readonly missingScopes?: readonly string[];
  readonly faults?: FaultPlan;
  readonly port?: number;
  readonly now?: () => Date;
}

/** A running stand-in for Slack: the Web API over HTTP, Socket Mode over WebSocket. */
export interface SlackTwin extends Twin, People {
  /** Base address for the clients' `slackApiUrl`. */
  readonly apiUrl: string;
  readonly botToken: string;
  readonly appToken: string;
  /** Every message of a channel, replies too, oldest first. */
  messages(channel: string): readonly SlackMessage[];
  /** Deletes a message, as a person does. */
  remove(channel: string, ts: string): void;
  /** What apps sent to response URLs, in order. */
  readonly responses: readonly unknown[];
  /** Resolves once so many responses came. Rejects after `timeoutMs`. */
  responded(count: number, timeoutMs?: number): Promise<void>;
  readonly acks: readonly SocketAck[];
  connections(): number;
  connected(timeoutMs?: number): Promise<void>;
  disconnect(reason: 'refresh_requested' | 'warning'): void;
  drop(): void;
}

const CONNECT_TIMEOUT_MS = 10_000;

const SCOPES: Readonly<Record<string, string>> = {
  'chat.postMessage': 'chat:write',
  'chat.update': 'chat:write',
  'conversations.history': 'channels:history',
  'conversations.replies': 'channels:history',
  'users.info': 'users:read',
};

const CHANNELS: readonly SlackChannel[] = [{ id: 'C0INCIDENTS', name: 'incidents' }];
const USERS: readonly SlackUser[] = [
  { id: 'U0MONA', name: 'mona', realName: 'Mona Owner' },
  { id: 'U0SAM', name: 'sam', realName: 'Sam Security' },
];

function parametersOf(request: TwinRequest): Record<string, string> {
  const body = request.body.toString('utf8');
  if (!(request.headers['content-type'] ?? '').startsWith('application/json')) {
    return Object.fromEntries(new URLSearchParams(body));
  }
  const json: unknown = JSON.parse(body);
  if (typeof json !== 'object' || json === null) throw new SlackRefusal('json_not_object');
  return Object.fromEntries(
    Object.entries(json).map(([key, value]: [string, unknown]) => [
      key,
      typeof value === 'string' ? value : JSON.stringify(value),
    ]),
  );
}

/** The Web API's methods. */
class WebApi {
  readonly responses: unknown[] = [];
  private readonly arrivals = new EventEmitter();
  private readonly options: SlackTwinOptions & { botToken: string; appToken: string };
  private readonly workspace: SlackWorkspace;
  private readonly socket: SocketMode;
  private readonly views: Views;

  constructor(options: SlackTwinOptions & { botToken: string; appToken: string }, world: World) {
    this.options = options;
    this.workspace = world.workspace;
    this.socket = world.socket;
    this.views = world.views;
  }

  private authorise(method: string, request: TwinRequest): void {
    const token = /^Bearer (.+)$/.exec(request.headers.authorization ?? '')?.[1];
    if (token === undefined) throw new SlackRefusal('not_authed');
    const wanted =
      method === 'apps.connections.open' ? this.options.appToken : this.options.botToken;
    if (token !== wanted) {
      const known = [this.options.appToken, this.options.botToken].includes(token);
      throw new SlackRefusal(known ? 'not_allowed_token_type' : 'invalid_auth');
    }
    this.checkScope(method);
  }

  private checkScope(method: string): void {
    const needed = SCOPES[method];
    if (needed !== undefined && (this.options.missingScopes ?? []).includes(needed)) {
      throw new SlackRefusal('missing_scope', { needed, provided: 'none' });
    }
  }

  private answer(method: string, request: TwinRequest): { reply: object; changed: boolean } {
    this.authorise(method, request);
    const parameters = parametersOf(request);
    const read = (reply: object): { reply: object; changed: boolean } => ({
      reply,
      changed: false,
    });
    switch (method) {
      case 'auth.test':
        return read({
          url: 'https://lab.slack.com/',
          team: 'Lab',
          user: 'firebreak',
          team_id: BOT.teamId,
          user_id: BOT.userId,
          bot_id: BOT.botId,
        });
      case 'apps.connections.open':
        return read({ url: this.socket.issueUrl() });
      case 'chat.postMessage':
        return { reply: this.workspace.post(parameters), changed: true };
      case 'chat.update':
        return this.workspace.update(parameters);
      case 'conversations.history':
        return read(this.workspace.history(parameters));
      case 'conversations.replies':
        return read(this.workspace.replies(parameters));
      case 'views.open':
        return read(this.views.open(parameters));
      case 'views.update':
        return read(this.views.update(parameters));
      case 'users.info':
        return read(this.workspace.userInfo(parameters));
      default:
        throw new SlackRefusal('unknown_method', { req_method: method });
    }
  }

  async responded(count: number, timeoutMs: number): Promise<void> {
    const signal = AbortSignal.timeout(timeoutMs);
    while (this.responses.length < count) await once(this.arrivals, 'response', { signal });
  }

  private scopes(): Record<string, string> {
    const missing = this.options.missingScopes ?? [];
    const scopes = [...new Set(Object.values(SCOPES)), 'commands'];
    return { 'x-oauth-scopes': scopes.filter((scope) => !missing.includes(scope)).join(',') };
  }

  handle(request: TwinRequest): TwinReply {
    const path = request.url.pathname;
    if (path.startsWith('/commands/') || path.startsWith('/actions/')) {
      this.responses.push(JSON.parse(request.body.toString('utf8')));
      this.arrivals.emit('response');
      return { status: 200, body: 'ok', changed: true };
    }
    const method = /^\/api\/([A-Za-z.]+)$/.exec(path)?.[1];
    if (method === undefined) return { status: 404, body: 'not found' };
    try {
      const { reply, changed } = this.answer(method, request);
      return { status: 200, headers: this.scopes(), body: { ok: true, ...reply }, changed };
    } catch (error) {
      if (!(error instanceof SlackRefusal)) throw error;
      return { status: 200, body: { ok: false, error: error.message, ...error.extra } };
    }
  }
}

/** Starts a stand-in for Slack on two free ports of 127.0.0.1. */
export async function createSlackTwin(given: SlackTwinOptions = {}): Promise<SlackTwin> {
  const options = { botToken: 'xoxb-lab', appToken: 'xapp-lab', ...given };
  const workspace = new SlackWorkspace(
    options.channels ?? CHANNELS,
    options.users ?? USERS,
    options.now,
  );
  const socket = await startSocketMode();
  const views = new Views(options.now);
  const api = new WebApi(options, { workspace, socket, views });
  const twin = await startTwin({
    name: 'slack',
    faults: options.faults ?? createFaultPlan(),
    ...(options.port === undefined ? {} : { port: options.port }),
    handler: (request) => api.handle(request),
  });
  return {
    ...twin,
    apiUrl: `${twin.url}/api/`,
    botToken: options.botToken,
    appToken: options.appToken,
    messages: (channel) => workspace.messages(channel),
    remove: (channel, ts) => {
      workspace.remove(channel, ts);
    },
    responses: api.responses,
    responded: (count, timeoutMs = CONNECT_TIMEOUT_MS) => api.responded(count, timeoutMs),
    ...socketSide(socket),
    ...peopleOf({ workspace, socket, views }, twin.url),
    close: async () => {
      await socket.close();
      await twin.close();
    },
  };
}

type SocketSide = Pick<SlackTwin, 'acks' | 'connections' | 'connected' | 'disconnect' | 'drop'>;

function socketSide(socket: SocketMode): SocketSide {
  return {
    acks: socket.acks,
    connections: () => socket.connections(),
    connected: (timeoutMs = CONNECT_TIMEOUT_MS) => socket.connected(timeoutMs),
    disconnect: (reason) => {
      socket.disconnect(reason);
    },
    drop: () => {
      socket.drop();
    },
  };
}
