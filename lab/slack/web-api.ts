import { EventEmitter, once } from 'node:events';
import type { TwinReply, TwinRequest } from '../twin.ts';
import { BOT } from './bot.ts';
import type { World } from './people.ts';
import { RateLimits, TIERS, type Rate } from './rate-limits.ts';
import { SlackRefusal } from './refusal.ts';

/** What of the twin's options the Web API goes by. */
export interface WebApiOptions {
  readonly botToken: string;
  readonly appToken: string;
  readonly missingScopes: readonly string[];
  /** True: each method takes so many calls as its tier says. */
  readonly limited: boolean;
  readonly now: (() => Date) | undefined;
}

type Parameters = Readonly<Record<string, string>>;

interface Answer {
  readonly reply: object;
  readonly changed: boolean;
}

/** A scope, or one of a public and one of a private channel. */
type Scope = string | { readonly public: string; readonly private: string };

interface Method {
  readonly rate: Rate;
  /** None for what every bot token may do; some depend on the kind of channel. */
  readonly scope?: Scope;
  run(world: World, parameters: Parameters): Answer;
}

const read = (reply: object): Answer => ({ reply, changed: false });
const changed = (reply: object): Answer => ({ reply, changed: true });

const HISTORY = { public: 'channels:history', private: 'groups:history' };
const MANAGE = { public: 'channels:manage', private: 'groups:write' };
const LOOK = { public: 'channels:read', private: 'groups:read' };

/** The one method of an app-level token, and the scope that it takes. */
const OPENING = 'apps.connections.open';
const APP_SCOPE = 'connections:write';

const WHO = {
  url: 'https://lab.slack.com/',
  team: 'Lab',
  user: 'firebreak',
  team_id: BOT.teamId,
  user_id: BOT.userId,
  bot_id: BOT.botId,
};

const METHODS: Readonly<Record<string, Method>> = {
  'auth.test': { rate: TIERS[4], run: () => read(WHO) },
  [OPENING]: {
    rate: TIERS[1],
    scope: APP_SCOPE,
    run: ({ socket }) => read({ url: socket.issueUrl() }),
  },
  'chat.postMessage': {
    rate: TIERS.posting,
    scope: 'chat:write',
    run: ({ workspace }, parameters) => changed(workspace.post(parameters)),
  },
  'chat.postEphemeral': {
    rate: TIERS[4],
    scope: 'chat:write',
    run: ({ workspace }, parameters) => changed(workspace.postEphemeral(parameters)),
  },
  'chat.update': {
    rate: TIERS[3],
    scope: 'chat:write',
    run: ({ workspace }, parameters) => workspace.update(parameters),
  },
  'conversations.history': {
    rate: TIERS[3],
    scope: HISTORY,
    run: ({ workspace }, parameters) => read(workspace.history(parameters)),
  },
  'conversations.replies': {
    rate: TIERS[3],
    scope: HISTORY,
    run: ({ workspace }, parameters) => read(workspace.replies(parameters)),
  },
  'conversations.create': {
    rate: TIERS[2],
    scope: MANAGE,
    run: ({ workspace: { channels } }, parameters) => changed(channels.create(parameters)),
  },
  'conversations.setPurpose': {
    rate: TIERS[2],
    scope: MANAGE,
    run: ({ workspace: { channels } }, parameters) => channels.setPurpose(parameters),
  },
  'conversations.invite': {
    rate: TIERS[3],
    scope: MANAGE,
    run: ({ workspace: { channels } }, parameters) => changed(channels.invite(parameters)),
  },
  'conversations.archive': {
    rate: TIERS[2],
    scope: MANAGE,
    run: ({ workspace: { channels } }, parameters) => changed(channels.archive(parameters)),
  },
  'conversations.list': {
    rate: TIERS[2],
    scope: LOOK,
    run: ({ workspace: { channels } }, parameters) => read(channels.list(parameters)),
  },
  'conversations.members': {
    rate: TIERS[4],
    scope: LOOK,
    run: ({ workspace: { channels } }, parameters) => read(channels.members(parameters)),
  },
  'users.info': {
    rate: TIERS[4],
    scope: 'users:read',
    run: ({ workspace }, parameters) => read(workspace.userInfo(parameters)),
  },
  'views.open': { rate: TIERS[4], run: ({ views }, parameters) => read(views.open(parameters)) },
  'views.update': {
    rate: TIERS[4],
    run: ({ views }, parameters) => read(views.update(parameters)),
  },
  'views.publish': {
    rate: TIERS[4],
    run: ({ views }, parameters) => changed(views.publish(parameters)),
  },
};

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
export class WebApi {
  readonly responses: unknown[] = [];
  private readonly arrivals = new EventEmitter();
  private readonly options: WebApiOptions;
  private readonly world: World;
  private readonly limits: RateLimits;
  private readonly calls = new Map<string, number>();

  constructor(options: WebApiOptions, world: World) {
    this.options = options;
    this.world = world;
    this.limits = new RateLimits(options.now);
  }

  private authorise(method: string, request: TwinRequest): void {
    const { appToken, botToken } = this.options;
    const token = /^Bearer (.+)$/.exec(request.headers.authorization ?? '')?.[1];
    if (token === undefined) throw new SlackRefusal('not_authed');
    const wanted = method === OPENING ? appToken : botToken;
    if (token !== wanted) {
      const isKnown = [appToken, botToken].includes(token);
      throw new SlackRefusal(isKnown ? 'not_allowed_token_type' : 'invalid_auth');
    }
  }

  private checkScope(name: string, method: Method, parameters: Parameters): void {
    const scope = this.scopeOf(method, parameters);
    if (scope !== undefined && this.options.missingScopes.includes(scope)) {
      const provided = this.scopes(name)['x-oauth-scopes'] ?? '';
      throw new SlackRefusal('missing_scope', { needed: scope, provided });
    }
  }

  private scopeOf({ scope }: Method, parameters: Parameters): string | undefined {
    if (scope === undefined || typeof scope === 'string') return scope;
    const { is_private: isPrivate, types = '' } = parameters;
    const { channels } = this.world.workspace;
    const isAboutPrivate =
      isPrivate === 'true' || types === 'private_channel' || channels.isPrivate(parameters);
    return isAboutPrivate ? scope.private : scope.public;
  }

  /** The seconds that an app has to wait with this method; null when it need not. */
  private waitOf(name: string, { rate }: Method, { channel = '' }: Parameters): number | null {
    if (!this.options.limited) return null;
    return this.limits.take(rate === TIERS.posting ? `${name}/${channel}` : name, rate);
  }

  async responded(count: number, timeoutMs: number): Promise<void> {
    const signal = AbortSignal.timeout(timeoutMs);
    while (this.responses.length < count) await once(this.arrivals, 'response', { signal });
  }

  /** Resolves once a method was carried out so often. Rejects after `timeoutMs`. */
  async called(method: string, times: number, timeoutMs: number): Promise<void> {
    const signal = AbortSignal.timeout(timeoutMs);
    while ((this.calls.get(method) ?? 0) < times) await once(this.arrivals, 'call', { signal });
  }

  /** What the token of a method may do, as every answer says it. */
  private scopes(name: string): Record<string, string> {
    const { missingScopes } = this.options;
    const ofBot = Object.values(METHODS).flatMap(({ scope = [] }) =>
      typeof scope === 'string' ? scope : Object.values(scope),
    );
    const bot = [...new Set([...ofBot, 'commands', 'reactions:read'])].filter(
      (one) => one !== APP_SCOPE,
    );
    const held = name === OPENING ? [APP_SCOPE] : bot;
    return { 'x-oauth-scopes': held.filter((one) => !missingScopes.includes(one)).join(',') };
  }

  private call(name: string, request: TwinRequest): TwinReply {
    this.authorise(name, request);
    const method = Object.hasOwn(METHODS, name) ? METHODS[name] : undefined;
    if (method === undefined) throw new SlackRefusal('unknown_method', { req_method: name });
    const parameters = parametersOf(request);
    const wait = this.waitOf(name, method, parameters);
    if (wait !== null) {
      const headers = { 'retry-after': wait.toString() };
      return { status: 429, headers, body: { ok: false, error: 'ratelimited' } };
    }
    this.checkScope(name, method, parameters);
    const { reply, changed: isChange } = method.run(this.world, parameters);
    this.calls.set(name, (this.calls.get(name) ?? 0) + 1);
    this.arrivals.emit('call');
    const body = { ok: true, ...reply };
    return { status: 200, headers: this.scopes(name), body, changed: isChange };
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
      return this.call(method, request);
    } catch (error) {
      if (!(error instanceof SlackRefusal)) throw error;
      return { status: 200, body: { ok: false, error: error.message, ...error.extra } };
    }
  }
}
