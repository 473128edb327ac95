import { randomUUID } from 'node:crypto';
import { BOT } from './bot.ts';
import type { Envelope } from './socket-mode.ts';
import type { SlackHome, Views } from './views.ts';
import type { SlackWorkspace } from './workspace.ts';

/** How an event is delivered. */
export interface EventDelivery {
  /** Equal ids are the same event delivered again. */
  readonly eventId?: string;
  /** Slack tries three times more when nothing acknowledges in time; here as often as the test says, once by default. */
  readonly attemptsMax?: number;
  /** Slack gives up on one attempt after 3,000 ms. */
  readonly ackWithinMs?: number;
}

/** A reaction of a person to a message. */
export interface Reaction extends EventDelivery {
  readonly userId: string;
  readonly channel: string;
  readonly ts: string;
  /** `stopwatch` by default. */
  readonly reaction?: string;
  /** True: to a file, which is no message. */
  readonly isOnFile?: boolean;
  /** True: people of another company are in the channel. */
  readonly isShared?: boolean;
}

/** What people do in the twin's workspace of which apps are told by events. */
export interface SlackEvents {
  /** Says something, in a thread or in the channel itself; answers the message's timestamp. */
  say(said: {
    readonly userId: string;
    readonly channel: string;
    readonly text: string;
    readonly threadTs?: string;
  }): string;
  /** Changes the words of a message, as its author does. */
  rephrase(channel: string, ts: string, text: string): void;
  /** Adds a reaction and answers how often the event was delivered until it was acknowledged. Rejects when it never was. */
  react(reaction: Reaction): Promise<number>;
  /** Opens the home of the app. Answers and rejects as `react`. */
  openHome(opened: EventDelivery & { readonly userId: string }): Promise<number>;
  /** What somebody sees there; null when nothing was ever published for them. */
  home(userId: string): SlackHome | null;
}

const ACK_TIMEOUT_MS = 3_000;
const MS_PER_SECOND = 1_000;

type Deliver = (envelope: Envelope, timeoutMs: number) => Promise<unknown>;

function envelopeOf(
  event: object,
  eventId: string,
  about: { readonly attempt: number; readonly isShared: boolean },
): Envelope {
  const { attempt, isShared } = about;
  return {
    envelope_id: randomUUID(),
    type: 'events_api',
    accepts_response_payload: false,
    ...(attempt === 0 ? {} : { retry_attempt: attempt, retry_reason: 'timeout' }),
    payload: {
      token: 'deprecated',
      team_id: BOT.teamId,
      context_team_id: BOT.teamId,
      api_app_id: BOT.appId,
      event,
      type: 'event_callback',
      event_id: eventId,
      event_time: Math.floor(Date.now() / MS_PER_SECOND),
      is_ext_shared_channel: isShared,
      authorizations: [{ team_id: BOT.teamId, user_id: BOT.userId, is_bot: true }],
    },
  };
}

async function deliverEvent(
  deliver: Deliver,
  event: object,
  how: EventDelivery & { readonly isShared?: boolean },
): Promise<number> {
  const { eventId = `Ev${randomUUID()}`, attemptsMax = 1, ackWithinMs = ACK_TIMEOUT_MS } = how;
  for (let attempt = 0; ; attempt += 1) {
    try {
      const about = { attempt, isShared: how.isShared ?? false };
      await deliver(envelopeOf(event, eventId, about), ackWithinMs);
      return attempt + 1;
    } catch (error) {
      if (attempt + 1 >= attemptsMax) throw error;
    }
  }
}

/** What people do of which apps are told by events, delivered by `deliver`. */
export function eventsOf(
  world: {
    readonly workspace: SlackWorkspace;
    readonly views: Views;
    readonly missingScopes: readonly string[];
  },
  deliver: Deliver,
): SlackEvents {
  const { workspace, views, missingScopes } = world;
  return {
    say: (said) => workspace.say(said),
    rephrase: (channel, ts, text) => {
      workspace.rephrase(channel, ts, text);
    },
    react: ({ userId, channel, ts, reaction = 'stopwatch', isOnFile = false, ...how }) => {
      // Without the scope Slack tells nobody of reactions.
      if (missingScopes.includes('reactions:read')) return Promise.resolve(0);
      const item = isOnFile ? { type: 'file', file: 'F0FILE' } : { type: 'message', channel, ts };
      const event = { type: 'reaction_added', user: userId, reaction, item, event_ts: ts };
      return deliverEvent(deliver, event, how);
    },
    openHome: ({ userId, ...how }) => {
      const seen = views.home(userId);
      const event = {
        ...{ type: 'app_home_opened', user: userId, channel: 'D0HOME', tab: 'home' },
        ...(seen === null ? {} : { view: { id: seen.id, type: 'home', hash: seen.hash } }),
      };
      return deliverEvent(deliver, event, how);
    },
    home: (userId) => views.home(userId),
  };
}
