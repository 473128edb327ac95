import { z } from 'zod';
import { AppError } from '../../domain/error.ts';
import type { Action, CallContext } from '../connector.ts';
import { levelSet } from '../level-set.ts';
import type { SlackClient } from './client.ts';
import { updateManifest, type SlackConfig, type UpdateInput } from './manifest.ts';
import { contentDigest, markOf } from './mark.ts';
import type { SlackMessage } from './reply-schema.ts';

const updateState = z.object({ content: z.string().nullable() });
/** Digest of what the message shows; null when it does not carry our mark. */
export type UpdateState = z.infer<typeof updateState>;

/** Action `update`: edits our own message; the mark that it carries says what it shows. */
export function update(client: SlackClient, config: SlackConfig): Action<UpdateInput, UpdateState> {
  const read = async (input: UpdateInput, context: CallContext): Promise<SlackMessage> => {
    const channel = input.channel ?? config.channel;
    const page = await client.messages(
      { channel, threadTs: input.ts, oldest: null, limit: 1, cursor: null },
      context,
    );
    const message = page.messages.find(({ ts }) => ts === input.ts);
    if (!message) throw new AppError('not_found', 'The message is gone.');
    return message;
  };
  const write = (input: UpdateInput, key: string, context: CallContext): Promise<void> =>
    client.update(
      {
        channel: input.channel ?? config.channel,
        ts: input.ts,
        text: input.text,
        blocks: input.blocks ?? [],
        // The key of the posting stays, so that a late retry of it still finds its message.
        mark: { key, content: contentDigest(input) },
      },
      context,
    );
  const observe = async (input: UpdateInput, context: CallContext): Promise<UpdateState> => ({
    content: (await read(input, context)).metadata?.event_payload.content ?? null,
  });
  const stages = levelSet<UpdateInput, UpdateState>({
    externalId: (input) => input.ts,
    observe,
    write: async (input, _state, context) => {
      const posted = (await read(input, context)).metadata?.event_payload.key;
      await write(input, posted ?? markOf(context.idempotencyKey, input).key, context);
    },
  });
  return {
    manifest: updateManifest,
    before: updateState,
    reversible: false,
    because: 'People have read it; a correction is another edit.',
    plan: async (input, context) => ({
      summary: `Edit our message ${input.ts} in Slack.`,
      targets: [updateManifest.target(input)],
      before: input.postedAs === undefined ? await observe(input, context) : { content: null },
      after: { content: contentDigest(input) },
      token: null,
      undo: 'None: a correction is another edit.',
    }),
    apply: async (input, plan, context) => {
      const { postedAs, ts } = input;
      if (postedAs === undefined) return stages.apply(input, plan, context);
      await write(input, markOf(postedAs, input).key, context);
      return { externalId: ts, origin: 'ours' };
    },
    verify: (input, plan, context) => stages.verify(input, plan, context),
  };
}
