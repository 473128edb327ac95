import { z } from 'zod';
import { AppError, isAppError } from '../../domain/error.ts';
import type { Action, CallContext } from '../connector.ts';
import type { SlackClient } from './client.ts';
import { openChannelManifest, type OpenChannelInput } from './manifest.ts';

const channelState = z.object({ open: z.boolean() });
/** Whether a channel of this name is there that we opened. */
export type ChannelState = z.infer<typeof channelState>;

const PAGE_CHANNELS = 1_000;
const PAGES_MAX = 20;

/** Looks for a channel by its name: its id when we opened it, `foreign` when somebody else did, else `absent` or `unknown`. */
async function find(
  client: SlackClient,
  { name, isPrivate, us }: OpenChannelInput & { readonly us: string },
  context: CallContext,
): Promise<{ readonly id: string } | 'foreign' | 'absent' | 'unknown'> {
  let cursor: string | null = null;
  for (let pages = 0; pages < PAGES_MAX; pages += 1) {
    const page: Awaited<ReturnType<SlackClient['channels']>> = await client.channels(
      { isPrivate, limit: PAGE_CHANNELS, cursor },
      context,
    );
    const named = page.channels.find((one) => one.name === name);
    if (named) return named.creator === us ? { id: named.id } : 'foreign';
    if (page.next === null) return 'absent';
    cursor = page.next;
    context.heartbeat({ pages });
  }
  return 'unknown';
}

/** Opens it, or answers the one that an earlier try of ours opened. Raises `conflict` when the name is somebody else's. */
async function opened(
  client: SlackClient,
  input: OpenChannelInput,
  context: CallContext,
): Promise<string> {
  const { name, isPrivate } = input;
  const us = await client.ownUser(context);
  try {
    return await client.openChannel({ name, isPrivate }, context);
  } catch (error) {
    if (!isAppError(error) || error.details?.['slackError'] !== 'name_taken') throw error;
    const found = await find(client, { ...input, us }, context);
    if (typeof found === 'object') return found.id;
    throw new AppError('conflict', `The channel name ${name} is taken.`, { cause: error });
  }
}

/** Action `open-channel`: a channel under a name that its caller alone uses; a name that we took before is the same channel. */
export function openChannel(client: SlackClient): Action<OpenChannelInput, ChannelState> {
  return {
    manifest: openChannelManifest,
    before: channelState,
    reversible: false,
    because: 'People have written in it; who wants it gone archives it.',
    plan: (input) =>
      Promise.resolve({
        summary: `Open the Slack channel ${input.name}.`,
        targets: [openChannelManifest.target(input)],
        before: { open: false },
        after: { open: true },
        token: null,
        undo: 'None: people archive it.',
      }),
    apply: async (input, _plan, context) => {
      const id = await opened(client, input, context);
      await client.setPurpose({ channel: id, purpose: input.purpose }, context);
      return { externalId: id, origin: 'ours' };
    },
    verify: async (input, _plan, context) => {
      const us = await client.ownUser(context);
      const found = await find(client, { ...input, us }, context);
      if (typeof found === 'object') return { holds: 'yes' };
      if (found === 'unknown') return { holds: 'unknown', reason: 'There are too many channels.' };
      return { holds: 'no', reason: 'There is no such channel of ours.' };
    },
  };
}
