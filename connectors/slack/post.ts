import { z } from 'zod';
import type { Action, CallContext } from '../connector.ts';
import type { SlackClient } from './client.ts';
import { postManifest, type PostInput, type SlackConfig } from './manifest.ts';
import { markOf } from './mark.ts';

const postState = z.object({ posted: z.boolean() });
/** Whether a message with our key is there. */
export type PostState = z.infer<typeof postState>;

const PAGE_MESSAGES = 200;
const PAGES_MAX = 10;
/** A retry comes within minutes: what is older than a day is not searched. */
const LOOK_BACK_MS = 24 * 3_600_000;
const MS_PER_SECOND = 1_000;

/** The timestamp of our message; null when it is not there, `unknown` when more was there than we read. */
type Found = { readonly ts: string } | 'absent' | 'unknown';

/** Looks for a message with our key where it would have been posted. */
async function find(
  client: SlackClient,
  where: { readonly channel: string; readonly threadTs: string | null; readonly key: string },
  context: CallContext,
): Promise<Found> {
  const oldestMs = context.now().getTime() - LOOK_BACK_MS;
  const oldest = where.threadTs === null ? (oldestMs / MS_PER_SECOND).toFixed(6) : null;
  const { channel, threadTs } = where;
  let cursor: string | null = null;
  for (let pages = 0; pages < PAGES_MAX; pages += 1) {
    const page: Awaited<ReturnType<SlackClient['messages']>> = await client.messages(
      { channel, threadTs, oldest, limit: PAGE_MESSAGES, cursor },
      context,
    );
    const ours = page.messages.find((m) => m.metadata?.event_payload.key === where.key);
    if (ours) return { ts: ours.ts };
    if (page.next === null) return 'absent';
    cursor = page.next;
    context.heartbeat({ pages });
  }
  return 'unknown';
}

/** Action `post`: looks for our key first, so that a message whose answer was lost is not posted again. */
export function post(client: SlackClient, config: SlackConfig): Action<PostInput, PostState> {
  const whereOf = (
    input: PostInput,
    context: CallContext,
  ): { channel: string; threadTs: string | null; key: string } => ({
    channel: input.channel ?? config.channel,
    threadTs: input.threadTs ?? null,
    key: markOf(context.idempotencyKey, input).key,
  });
  return {
    manifest: postManifest,
    before: postState,
    reversible: false,
    because: 'People have read it; a correction is another message.',
    plan: (input) =>
      Promise.resolve({
        summary: `Post a message of ${input.text.length.toString()} characters to Slack.`,
        targets: [postManifest.target(input)],
        before: { posted: false },
        after: { posted: true },
        token: null,
        undo: 'None: a correction is another message.',
      }),
    apply: async (input, _plan, context) => {
      const where = whereOf(input, context);
      const found = await find(client, where, context);
      if (typeof found === 'object') return { externalId: found.ts, origin: 'ours' };
      const ts = await client.post(
        {
          channel: where.channel,
          threadTs: where.threadTs,
          text: input.text,
          blocks: input.blocks ?? [],
          mark: markOf(context.idempotencyKey, input),
        },
        context,
      );
      return { externalId: ts, origin: 'ours' };
    },
    verify: async (input, _plan, context) => {
      const found = await find(client, whereOf(input, context), context);
      if (found === 'absent') return { holds: 'no', reason: 'The message is not there.' };
      if (found !== 'unknown') return { holds: 'yes' };
      return { holds: 'unknown', reason: 'The channel holds more messages than were read.' };
    },
  };
}
