import type { webApi } from '@slack/bolt';
import { z } from 'zod';
import { AppError } from '../../domain/error.ts';
import type { Reacted } from './payload-schema.ts';
import type { SaidMessage } from './reaction.ts';

const ID_MAX = 64;
const TEXT_MAX = 40_000;
/** The message, and the one that began its thread, which Slack may put before it. */
const READ_MAX = 2;

const id = z.string().max(ID_MAX);
const replies = z.object({
  messages: z.array(
    z.object({
      ts: id,
      text: z.string().max(TEXT_MAX).default(''),
      user: id.optional(),
      /** Of somebody of another workspace. */
      user_team: id.optional(),
      bot_id: id.optional(),
      thread_ts: id.optional(),
      edited: z.object({ ts: id }).optional(),
    }),
  ),
});

const refusal = z.object({ data: z.object({ error: z.string().regex(/^[a-z0-9_]{1,80}$/) }) });
/** Words of Slack after which the same call can go well. */
const PASSING: ReadonlySet<string> = new Set([
  'ratelimited',
  'rate_limited',
  'internal_error',
  'fatal_error',
  'service_unavailable',
  'request_timeout',
]);

/** Slack's own word for why it refused a call; null when it did not answer, or answered something else. */
export function wordOf(error: unknown): string | null {
  const said = refusal.safeParse(error);
  return said.success ? said.data.data.error : null;
}

/** The one message that Slack shows under a timestamp. Raises `unavailable`, `not_found` and `bad_reply`. */
async function shownMessage(client: webApi.WebClient, { channel, ts }: Reacted) {
  let reply: unknown;
  try {
    const only = { oldest: ts, latest: ts, inclusive: true, limit: READ_MAX };
    reply = await client.conversations.replies({ channel, ts, ...only });
  } catch (cause) {
    const word = wordOf(cause);
    if (word === null || PASSING.has(word)) {
      throw new AppError('unavailable', 'Slack did not show the message.', { cause });
    }
    throw new AppError('not_found', `Slack does not show this message: ${word}.`, { cause });
  }
  const parsed = replies.safeParse(reply);
  if (!parsed.success) throw new AppError('bad_reply', 'Slack showed something else.');
  const message = parsed.data.messages.find((one) => one.ts === ts);
  if (message === undefined) throw new AppError('not_found', 'This message is gone.');
  return message;
}

/**
 * Reads one message as it stands. Raises `unavailable` while Slack does not say, `not_found` when it is gone or Slack does not show it to
 * us, and `bad_reply`.
 */
export async function readMessage(
  client: webApi.WebClient,
  reacted: Reacted,
): Promise<SaidMessage> {
  const { ts, who } = reacted;
  const said = await shownMessage(client, reacted);
  const { text, user, user_team: team = who.team, thread_ts: root = ts } = said;
  const isOfPerson = user !== undefined && said.bot_id === undefined;
  return {
    text,
    author: isOfPerson ? { team, user } : null,
    threadTs: root === ts ? null : root,
    isEdited: said.edited !== undefined,
  };
}
