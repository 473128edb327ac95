import { z } from 'zod';

/** Our mark on a message; another app's metadata reads as none. */
const mark = z
  .object({
    event_type: z.literal('firebreak_message'),
    event_payload: z.object({ key: z.string(), content: z.string() }),
  })
  .optional()
  .catch(undefined);

const message = z.object({ ts: z.string(), metadata: mark });
/** A message as far as we read it. */
export type SlackMessage = z.infer<typeof message>;

/** Answer of `chat.postMessage` and `chat.update`. */
export const writtenReply = z.object({ ok: z.literal(true), channel: z.string(), ts: z.string() });

/** Answer of `conversations.history` and `conversations.replies`. */
export const messagesReply = z.object({
  ok: z.literal(true),
  messages: z.array(message),
  has_more: z.boolean().default(false),
  response_metadata: z.object({ next_cursor: z.string().optional() }).optional(),
});

/** Answer of `conversations.create`. */
export const channelReply = z.object({
  ok: z.literal(true),
  channel: z.object({ id: z.string().max(64) }),
});

/** Answer of `conversations.list`. */
export const channelsReply = z.object({
  ok: z.literal(true),
  channels: z.array(
    z.object({ id: z.string().max(64), name: z.string(), creator: z.string().optional() }),
  ),
  response_metadata: z.object({ next_cursor: z.string().optional() }).optional(),
});

/** Answer of `conversations.members`. */
export const membersReply = z.object({
  ok: z.literal(true),
  members: z.array(z.string()),
  response_metadata: z.object({ next_cursor: z.string().optional() }).optional(),
});

/** Answer of a write of which nothing is read. */
export const doneReply = z.object({ ok: z.literal(true) });

/** Answer of `auth.test`; the client adds what the token may do. */
export const authReply = z.object({
  ok: z.literal(true),
  team: z.string(),
  user_id: z.string().optional(),
  response_metadata: z.object({ scopes: z.array(z.string()).optional() }).optional(),
});

/** What of an `ok: false` answer we read. */
export const refusal = z.object({
  error: z.string(),
  needed: z.string().optional(),
});
