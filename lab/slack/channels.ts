import { randomUUID } from 'node:crypto';
import { BOT } from './bot.ts';
import { SlackRefusal } from './refusal.ts';

/** A conversation of the twin's workspace. */
export interface SlackChannel {
  readonly id: string;
  readonly name: string;
  readonly archived?: boolean;
  /** False: the bot is not in it. */
  readonly member?: boolean;
  readonly isPrivate?: boolean;
  /** Who opened it; an administrator by default. */
  readonly creator?: string;
}

type Parameters = Readonly<Record<string, string>>;

const NAME_MAX = 80;
const PURPOSE_MAX = 250;
const LIMIT_DEFAULT = 100;
const LIMIT_MAX = 1_000;
const ID_DIGITS = 8;

/** A channel as the twin keeps it: who opened it, what it is for, who is in it. */
interface OpenChannel extends SlackChannel {
  readonly creator: string;
  readonly purpose: string;
  readonly members: readonly string[];
}

function checkName(name: string): void {
  if (name === '') throw new SlackRefusal('invalid_name_required');
  if (name.length > NAME_MAX) throw new SlackRefusal('invalid_name_maxlength');
  if (!/^[\p{Ll}\p{N}_-]+$/u.test(name)) throw new SlackRefusal('invalid_name_specials');
}

function shown({ id, name, creator, purpose, archived, isPrivate }: OpenChannel): object {
  return {
    ...{ id, name, creator, is_archived: archived ?? false, is_private: isPrivate ?? false },
    purpose: { value: purpose },
  };
}

/** The channels of the twin's workspace. */
export class Channels {
  private readonly byId: Map<string, OpenChannel>;
  private readonly isUser: (id: string) => boolean;

  constructor(channels: readonly SlackChannel[], isUser: (id: string) => boolean) {
    this.isUser = isUser;
    this.byId = new Map(
      channels.map((one) => [
        one.id,
        { ...one, creator: one.creator ?? 'U0ADMIN', purpose: '', members: [] },
      ]),
    );
  }

  /** The channel of a call. Throws as Slack refuses. */
  of({ channel = '' }: Parameters, writing: boolean): OpenChannel {
    const found = this.byId.get(channel);
    if (!found) throw new SlackRefusal('channel_not_found');
    if (found.member === false) throw new SlackRefusal('not_in_channel');
    if (writing && found.archived === true) throw new SlackRefusal('is_archived');
    return found;
  }

  isPrivate({ channel = '' }: Parameters): boolean {
    return this.byId.get(channel)?.isPrivate ?? false;
  }

  create({ name = '', is_private: isPrivate }: Parameters): object {
    checkName(name);
    // A name stays taken when its channel is archived.
    if ([...this.byId.values()].some((one) => one.name === name)) {
      throw new SlackRefusal('name_taken');
    }
    const id = `C${randomUUID().replaceAll('-', '').slice(0, ID_DIGITS).toUpperCase()}`;
    const channel: OpenChannel = {
      ...{ id, name, isPrivate: isPrivate === 'true', creator: BOT.userId },
      ...{ purpose: '', members: [BOT.userId] },
    };
    this.byId.set(id, channel);
    return { channel: shown(channel) };
  }

  /** The answer, and whether anything changed. */
  setPurpose(parameters: Parameters): { readonly reply: object; readonly changed: boolean } {
    const channel = this.of(parameters, true);
    const { purpose = '' } = parameters;
    if (purpose.length > PURPOSE_MAX) throw new SlackRefusal('too_long');
    this.byId.set(channel.id, { ...channel, purpose });
    return { reply: { channel: channel.id }, changed: purpose !== channel.purpose };
  }

  invite(parameters: Parameters): object {
    const channel = this.of(parameters, true);
    const users = (parameters['users'] ?? '').split(',').filter((one) => one !== '');
    if (users.length === 0) throw new SlackRefusal('no_user');
    const known = users.filter((one) => this.isUser(one));
    if (known.length < users.length && (parameters['force'] !== 'true' || known.length === 0)) {
      throw new SlackRefusal('user_not_found');
    }
    if (known.every((one) => channel.members.includes(one))) {
      throw new SlackRefusal('already_in_channel');
    }
    const members = [...new Set([...channel.members, ...known])];
    this.byId.set(channel.id, { ...channel, members });
    return { channel: shown(channel) };
  }

  list({ types = 'public_channel', limit = '', cursor = '' }: Parameters): object {
    const wanted = types.split(',');
    const all = [...this.byId.values()].filter(({ isPrivate = false }) =>
      wanted.includes(isPrivate ? 'private_channel' : 'public_channel'),
    );
    const size = Math.min(limit === '' ? LIMIT_DEFAULT : Number(limit), LIMIT_MAX);
    const from = cursor === '' ? 0 : Number(cursor);
    const next = from + size < all.length ? (from + size).toString() : '';
    return {
      channels: all.slice(from, from + size).map(shown),
      response_metadata: { next_cursor: next },
    };
  }

  members(parameters: Parameters): object {
    const { members } = this.of(parameters, false);
    return { members, response_metadata: { next_cursor: '' } };
  }

  archive(parameters: Parameters): object {
    const channel = this.of(parameters, false);
    if (channel.archived === true) throw new SlackRefusal('already_archived');
    this.byId.set(channel.id, { ...channel, archived: true });
    return {};
  }

  /** Every channel, with who opened it and who is in it. */
  all(): readonly Readonly<OpenChannel>[] {
    return [...this.byId.values()];
  }
}
