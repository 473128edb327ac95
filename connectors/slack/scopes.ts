import type { Configuration } from '../../domain/configuration.ts';

/** What of an installation its scopes at Slack depend on. */
export interface SlackUse {
  /** True when people answer there (commands, clicks, reactions); else messages only go out. */
  readonly answers: boolean;
  /** Kind of the channel where messages go; null: not known, a right to either kind will do. */
  readonly channel: 'public' | 'private' | null;
  /** Whether each incident gets a channel of its own, and of which kind. */
  readonly incidentChannels: Configuration['slackIncidentChannels'];
}

/** A right that the bot token needs. */
export interface NeededScope {
  /** Any of these scopes is that right; the first is the one to ask for. */
  readonly anyOf: readonly [string, ...string[]];
  /** What becomes of it when the right is missing, as a clause: `nothing is told in Slack`. */
  readonly without: string;
}

/** The scope of an app-level token by which we open a socket. */
export const SOCKET_SCOPE = 'connections:write';

const UNREAD =
  'nothing is told there, because we could not look whether a message stands there already';
const UNOPENED = 'no incident gets a channel of its own';
const UNLISTED = `${UNOPENED} whose name is taken, and nobody is invited to one`;

function needed(scope: string, without: string): NeededScope {
  return { anyOf: [scope], without };
}

const HISTORY: Readonly<Record<'public' | 'private' | 'unknown', NeededScope>> = {
  public: needed('channels:history', UNREAD),
  private: needed('groups:history', UNREAD),
  unknown: { anyOf: ['channels:history', 'groups:history', 'im:history'], without: UNREAD },
};

/** What channels of incidents take: reading back, opening and inviting, looking who opened one of a name that is taken. */
const CHANNELS: Readonly<Record<SlackUse['incidentChannels'], readonly NeededScope[]>> = {
  none: [],
  public: [HISTORY.public, needed('channels:manage', UNOPENED), needed('channels:read', UNLISTED)],
  private: [HISTORY.private, needed('groups:read', UNLISTED), needed('groups:write', UNOPENED)],
};

function historyOf({ channel, incidentChannels }: SlackUse): NeededScope {
  if (channel !== null) return HISTORY[channel];
  return incidentChannels === 'none' ? HISTORY.unknown : HISTORY[incidentChannels];
}

/** The least that the bot token of such an installation needs, in the order in which it is asked for; each right once. */
export function neededScopes(use: SlackUse): readonly NeededScope[] {
  const rights = [
    ...(use.answers ? [needed('commands', '/firebreak and "Add to incident" are not there')] : []),
    needed('chat:write', 'nothing is told in Slack'),
    historyOf(use),
    ...(use.answers
      ? [needed('reactions:read', 'a :stopwatch: puts nothing onto a timeline')]
      : []),
    ...CHANNELS[use.incidentChannels],
  ];
  return [...new Set(rights)];
}

/** Those rights that a token with these scopes has not. */
export function missingScopes(use: SlackUse, scopes: readonly string[]): readonly NeededScope[] {
  return neededScopes(use).filter(({ anyOf }) => !anyOf.some((scope) => scopes.includes(scope)));
}
