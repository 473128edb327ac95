import { z } from 'zod';
import { messageBlocks, type Block } from './block-rules.ts';
import { BOT } from './bot.ts';
import { Channels, type SlackChannel } from './channels.ts';
import { json } from './json-text.ts';
import { SlackRefusal } from './refusal.ts';

/** A person of the twin's workspace. */
export interface SlackUser {
  readonly id: string;
  readonly name: string;
  readonly realName: string;
  readonly deleted?: boolean;
  /** Another workspace, whose people share a channel with ours. */
  readonly teamId?: string;
}

/** A message as the Web API shows it. */
export interface SlackMessage {
  readonly type: 'message';
  readonly user: string;
  /** Absent of a person's. */
  readonly bot_id?: string;
  readonly ts: string;
  readonly text: string;
  readonly thread_ts?: string;
  readonly blocks?: readonly Block[];
  readonly metadata?: { readonly event_type: string; readonly event_payload: object };
  readonly edited?: { readonly user: string; readonly ts: string };
}

/** A message that one person alone sees. */
export interface EphemeralMessage {
  readonly channel: string;
  readonly user: string;
  readonly text: string;
  readonly thread_ts?: string;
}

const TEXT_MAX = 40_000;
const LIMIT_DEFAULT = 100;
const LIMIT_MAX = 999;

const metadataShape = z.object({
  event_type: z.string().min(1),
  event_payload: z.record(z.string(), z.unknown()),
});

type Parameters = Readonly<Record<string, string>>;

function blocksOf(text: string | undefined): readonly Block[] | undefined {
  if (text === undefined) return undefined;
  const list = json.pipe(z.array(z.unknown())).safeParse(text);
  if (!list.success) throw new SlackRefusal('invalid_blocks_format');
  const parsed = messageBlocks.safeParse(list.data);
  if (!parsed.success) throw new SlackRefusal('invalid_blocks');
  return parsed.data;
}

function metadataOf(text: string | undefined): SlackMessage['metadata'] {
  if (text === undefined) return undefined;
  const parsed = json.pipe(metadataShape).safeParse(text);
  if (!parsed.success) throw new SlackRefusal('invalid_metadata_format');
  return parsed.data;
}

function checkText(text: string, blocks: readonly Block[] | undefined): void {
  if (text === '' && (blocks ?? []).length === 0) throw new SlackRefusal('no_text');
  if (text.length > TEXT_MAX) throw new SlackRefusal('msg_too_long');
}

function checkParent(messages: readonly SlackMessage[], threadTs: string): void {
  const parent = messages.find((message) => message.ts === threadTs);
  if (parent?.thread_ts !== undefined || !parent) throw new SlackRefusal('cannot_reply_to_message');
}

function offsetOf(cursor: string): number {
  if (cursor === '') return 0;
  const found = /^next:(\d+)$/.exec(Buffer.from(cursor, 'base64').toString('utf8'))?.[1];
  if (found === undefined) throw new SlackRefusal('invalid_cursor');
  return Number(found);
}

function isWithin(ts: string, { oldest, latest, inclusive }: Parameters): boolean {
  if (ts === oldest || ts === latest) return inclusive === 'true' || inclusive === '1';
  const at = Number(ts);
  return at > Number(oldest ?? 0) && at < Number(latest ?? Number.POSITIVE_INFINITY);
}

/** Channels, people and messages of the twin, with the rules of the Web API's methods. */
export class SlackWorkspace {
  readonly channels: Channels;
  private readonly users: ReadonlyMap<string, SlackUser>;
  private readonly byChannel = new Map<string, SlackMessage[]>();
  readonly ephemerals: EphemeralMessage[] = [];
  private readonly now: () => Date;
  private lastMicros = 0n;

  constructor(
    channels: readonly SlackChannel[],
    users: readonly SlackUser[],
    now: () => Date = () => new Date(),
  ) {
    this.users = new Map(users.map((user) => [user.id, user]));
    this.channels = new Channels(channels, (id) => this.users.has(id));
    this.now = now;
  }

  /** Every message of a channel, replies too, oldest first. */
  messages(channel: string): readonly SlackMessage[] {
    return this.byChannel.get(channel) ?? [];
  }

  /** Deletes a message, as a person does. */
  remove(channel: string, ts: string): void {
    const kept = this.messages(channel).filter((message) => message.ts !== ts);
    this.byChannel.set(channel, kept);
  }

  /** A timestamp that no other message has: later than every one before. */
  private nextTs(): string {
    const nowMicros = BigInt(this.now().getTime()) * 1_000n;
    this.lastMicros = nowMicros > this.lastMicros ? nowMicros : this.lastMicros + 1n;
    const digits = this.lastMicros.toString().padStart(7, '0');
    return `${digits.slice(0, -6)}.${digits.slice(-6)}`;
  }

  post(parameters: Parameters): object {
    const { id } = this.channels.of(parameters, true);
    const { text = '' } = parameters;
    const blocks = blocksOf(parameters['blocks']);
    checkText(text, blocks);
    const metadata = metadataOf(parameters['metadata']);
    const threadTs = parameters['thread_ts'];
    const messages = this.messages(id);
    if (threadTs !== undefined) checkParent(messages, threadTs);
    const message: SlackMessage = {
      type: 'message',
      user: BOT.userId,
      bot_id: BOT.botId,
      ts: this.nextTs(),
      text,
      ...(threadTs === undefined ? {} : { thread_ts: threadTs }),
      ...(blocks === undefined ? {} : { blocks }),
      ...(metadata === undefined ? {} : { metadata }),
    };
    this.byChannel.set(id, [...messages, message]);
    return { channel: id, ts: message.ts, message };
  }

  postEphemeral(parameters: Parameters): object {
    const { id } = this.channels.of(parameters, true);
    const { text = '', user = '', thread_ts: threadTs } = parameters;
    checkText(text, blocksOf(parameters['blocks']));
    if (!this.users.has(user)) throw new SlackRefusal('user_not_in_channel');
    const place = threadTs === undefined ? {} : { thread_ts: threadTs };
    this.ephemerals.push({ channel: id, user, text, ...place });
    return { message_ts: this.nextTs() };
  }

  /** A message of a person. Throws for a channel that is not there. */
  say(said: {
    readonly userId: string;
    readonly channel: string;
    readonly text: string;
    readonly threadTs?: string;
  }): string {
    const { userId: user, channel, text, threadTs } = said;
    const { id } = this.channels.of({ channel }, true);
    const messages = this.messages(id);
    if (threadTs !== undefined) checkParent(messages, threadTs);
    const thread = threadTs === undefined ? {} : { thread_ts: threadTs };
    const message = { type: 'message', user, ts: this.nextTs(), text, ...thread } as const;
    this.byChannel.set(id, [...messages, message]);
    return message.ts;
  }

  /** New words of a message. */
  rephrase(channel: string, ts: string, text: string): void {
    const rephrased = this.messages(channel).map((message) =>
      message.ts === ts
        ? { ...message, text, edited: { user: message.user, ts: this.nextTs() } }
        : message,
    );
    this.byChannel.set(channel, rephrased);
  }

  /** The answer, and whether anything changed. */
  update(parameters: Parameters): { readonly reply: object; readonly changed: boolean } {
    const { id } = this.channels.of(parameters, true);
    const messages = this.messages(id);
    const old = messages.find((message) => message.ts === parameters['ts']);
    if (!old) throw new SlackRefusal('message_not_found');
    const { text = old.text } = parameters;
    const blocks = blocksOf(parameters['blocks']) ?? old.blocks;
    checkText(text, blocks);
    const metadata = metadataOf(parameters['metadata']) ?? old.metadata;
    const same = JSON.stringify([text, blocks]) === JSON.stringify([old.text, old.blocks]);
    const message: SlackMessage = {
      ...old,
      text,
      ...(blocks === undefined ? {} : { blocks }),
      ...(metadata === undefined ? {} : { metadata }),
      ...(same ? {} : { edited: { user: BOT.userId, ts: this.nextTs() } }),
    };
    this.byChannel.set(
      id,
      messages.map((known) => (known.ts === old.ts ? message : known)),
    );
    return { reply: { channel: id, ts: old.ts, text, message }, changed: !same };
  }

  /** Newest first, without replies. */
  history(parameters: Parameters): object {
    const { id } = this.channels.of(parameters, false);
    const top = this.messages(id).filter((message) => message.thread_ts === undefined);
    return this.page([...top].reverse(), parameters);
  }

  /** The parent, then its replies, oldest first. */
  replies(parameters: Parameters): object {
    const { id } = this.channels.of(parameters, false);
    const ts = parameters['ts'] ?? '';
    const thread = this.messages(id).filter((m) => m.ts === ts || m.thread_ts === ts);
    if (thread.length === 0) throw new SlackRefusal('thread_not_found');
    return this.page(thread, parameters);
  }

  private page(messages: readonly SlackMessage[], parameters: Parameters): object {
    const limit = Number(parameters['limit'] ?? LIMIT_DEFAULT);
    if (!Number.isInteger(limit) || limit < 1 || limit > LIMIT_MAX) {
      throw new SlackRefusal('invalid_limit');
    }
    const offset = offsetOf(parameters['cursor'] ?? '');
    const within = messages.filter((message) => isWithin(message.ts, parameters));
    const all = parameters['include_all_metadata'] === 'true';
    const shown = within
      .slice(offset, offset + limit)
      .map(({ metadata, ...rest }) => (all && metadata ? { ...rest, metadata } : rest));
    const more = within.length > offset + limit;
    const next = Buffer.from(`next:${(offset + limit).toString()}`).toString('base64');
    return {
      messages: shown,
      has_more: more,
      response_metadata: { next_cursor: more ? next : '' },
    };
  }

  userInfo(parameters: Parameters): object {
    const user = this.users.get(parameters['user'] ?? '');
    if (!user) throw new SlackRefusal('user_not_found');
    return {
      user: {
        id: user.id,
        team_id: BOT.teamId,
        name: user.name,
        real_name: user.realName,
        deleted: user.deleted ?? false,
        is_bot: false,
        profile: { real_name: user.realName, display_name: user.name },
      },
    };
  }

  /** Who it is; somebody of whom the workspace knows nothing has only an id. */
  user(id: string): SlackUser {
    return this.users.get(id) ?? { id, name: id.toLowerCase(), realName: id };
  }
}
