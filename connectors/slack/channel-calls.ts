import type { CallContext } from '../connector.ts';
import type { SlackCaller } from './client.ts';
import { authReply, channelReply, channelsReply, doneReply, membersReply } from './reply-schema.ts';

/** A channel as it is listed. */
export interface ListedChannel {
  readonly id: string;
  readonly name: string;
  /** Member id of whoever opened it. */
  readonly creator: string | null;
}

/** Where a page of a list begins, and how long it is. */
interface ListPage {
  readonly limit: number;
  readonly cursor: string | null;
}

/** Calls about channels. */
export interface ChannelCalls {
  /** Our own member id. */
  ownUser(context: CallContext): Promise<string>;
  /** Opens a channel and answers its id. Raises `invalid` for a name that is taken, with `name_taken` in its details. */
  openChannel(
    channel: { readonly name: string; readonly isPrivate: boolean },
    context: CallContext,
  ): Promise<string>;
  setPurpose(
    of: { readonly channel: string; readonly purpose: string },
    context: CallContext,
  ): Promise<void>;
  /** Invites those whom Slack knows, and leaves the others out. Raises when it knows none. */
  invite(
    to: { readonly channel: string; readonly members: readonly string[] },
    context: CallContext,
  ): Promise<void>;
  /** Channels of one kind, archived ones too, and the cursor of the next page. */
  channels(
    page: ListPage & { readonly isPrivate: boolean },
    context: CallContext,
  ): Promise<{ readonly channels: readonly ListedChannel[]; readonly next: string | null }>;
  members(
    page: ListPage & { readonly channel: string },
    context: CallContext,
  ): Promise<{ readonly members: readonly string[]; readonly next: string | null }>;
}

function nextOf(reply: {
  readonly response_metadata?: { readonly next_cursor?: string | undefined } | undefined;
}): string | null {
  const next = reply.response_metadata?.next_cursor ?? '';
  return next === '' ? null : next;
}

/** Calls about channels, by a caller of the Web API. */
export function channelCalls(call: SlackCaller): ChannelCalls {
  return {
    ownUser: async (context) => {
      const asked = { method: 'auth.test', parameters: {}, mutating: false, schema: authReply };
      return (await call(asked, context)).user_id ?? '';
    },
    openChannel: async ({ name, isPrivate }, context) => {
      const parameters = { name, is_private: isPrivate };
      const method = 'conversations.create';
      const asked = { method, parameters, mutating: true, schema: channelReply };
      return (await call(asked, context)).channel.id;
    },
    setPurpose: async (parameters, context) => {
      const method = 'conversations.setPurpose';
      await call(
        { method, parameters: { ...parameters }, mutating: true, schema: doneReply },
        context,
      );
    },
    invite: async ({ channel, members }, context) => {
      const parameters = { channel, users: members.join(','), force: true };
      const method = 'conversations.invite';
      await call({ method, parameters, mutating: true, schema: channelReply }, context);
    },
    channels: async ({ isPrivate, limit, cursor }, context) => {
      const types = isPrivate ? 'private_channel' : 'public_channel';
      const parameters = { types, limit, cursor: cursor ?? undefined };
      const method = 'conversations.list';
      const asked = { method, parameters, mutating: false, schema: channelsReply };
      const reply = await call(asked, context);
      const channels = reply.channels.map(({ id, name, creator = null }) => ({
        id,
        name,
        creator,
      }));
      return { channels, next: nextOf(reply) };
    },
    members: async ({ channel, limit, cursor }, context) => {
      const parameters = { channel, limit, cursor: cursor ?? undefined };
      const method = 'conversations.members';
      const asked = { method, parameters, mutating: false, schema: membersReply };
      const reply = await call(asked, context);
      return { members: reply.members, next: nextOf(reply) };
    },
  };
}
