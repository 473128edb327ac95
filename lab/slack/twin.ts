import { createFaultPlan, type FaultPlan } from '../fault.ts';
import { startTwin, type Twin } from '../twin.ts';
import type { SlackChannel } from './channels.ts';
import { peopleOf, type People } from './people.ts';
import { startSocketMode, type SocketAck, type SocketMode } from './socket-mode.ts';
import { Views } from './views.ts';
import { WebApi } from './web-api.ts';
import {
  SlackWorkspace,
  type EphemeralMessage,
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
  /** True: each method takes as many calls a minute as its tier says, and answers 429 beyond. */
  readonly limited?: boolean;
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
  /** Every channel, with who opened it and who is in it. */
  channels(): ReturnType<SlackWorkspace['channels']['all']>;
  /** Messages that one person alone was shown, in order. */
  readonly ephemerals: readonly EphemeralMessage[];
  /** Deletes a message, as a person does. */
  remove(channel: string, ts: string): void;
  /** What apps sent to response URLs, in order. */
  readonly responses: readonly unknown[];
  /** Resolves once so many responses came. Rejects after `timeoutMs`. */
  responded(count: number, timeoutMs?: number): Promise<void>;
  /** Resolves once a method of the Web API was carried out so often. Rejects after `timeoutMs`. */
  called(method: string, times: number, timeoutMs?: number): Promise<void>;
  readonly acks: readonly SocketAck[];
  connections(): number;
  connected(timeoutMs?: number): Promise<void>;
  disconnect(reason: 'refresh_requested' | 'warning'): void;
  drop(): void;
}

const CONNECT_TIMEOUT_MS = 10_000;

const CHANNELS: readonly SlackChannel[] = [{ id: 'C0INCIDENTS', name: 'incidents' }];
const USERS: readonly SlackUser[] = [
  { id: 'U0MONA', name: 'mona', realName: 'Mona Owner' },
  { id: 'U0SAM', name: 'sam', realName: 'Sam Security' },
];

/** Starts a stand-in for Slack on two free ports of 127.0.0.1. */
export async function createSlackTwin(given: SlackTwinOptions = {}): Promise<SlackTwin> {
  const { botToken = 'xoxb-lab', appToken = 'xapp-lab', missingScopes = [], now } = given;
  const workspace = new SlackWorkspace(given.channels ?? CHANNELS, given.users ?? USERS, now);
  const socket = await startSocketMode();
  const views = new Views(now);
  const world = { workspace, socket, views, missingScopes };
  const { limited = false } = given;
  const api = new WebApi({ botToken, appToken, missingScopes, limited, now }, world);
  const twin = await startTwin({
    name: 'slack',
    faults: given.faults ?? createFaultPlan(),
    ...(given.port === undefined ? {} : { port: given.port }),
    handler: (request) => api.handle(request),
  });
  return {
    ...twin,
    apiUrl: `${twin.url}/api/`,
    ...{ botToken, appToken },
    messages: (channel) => workspace.messages(channel),
    channels: () => workspace.channels.all(),
    ephemerals: workspace.ephemerals,
    remove: (channel, ts) => {
      workspace.remove(channel, ts);
    },
    responses: api.responses,
    responded: (count, timeoutMs = CONNECT_TIMEOUT_MS) => api.responded(count, timeoutMs),
    called: (method, times, timeoutMs = CONNECT_TIMEOUT_MS) => api.called(method, times, timeoutMs),
    ...socketSide(socket),
    ...peopleOf(world, twin.url),
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
