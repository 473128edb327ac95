import { z } from 'zod';
import { isAppError } from '../../domain/error.ts';
import type { Action, CallContext } from '../connector.ts';
import type { SlackClient } from './client.ts';
import { inviteManifest, type InviteInput } from './manifest.ts';

const inviteState = z.object({ invited: z.boolean() });
/** Whether everybody is in the channel. */
export type InviteState = z.infer<typeof inviteState>;

const PAGE_MEMBERS = 1_000;
const PAGES_MAX = 10;

/** Who is in a channel; null when there are more than are read. */
async function membersOf(
  client: SlackClient,
  channel: string,
  context: CallContext,
): Promise<ReadonlySet<string> | null> {
  const members = new Set<string>();
  let cursor: string | null = null;
  for (let pages = 0; pages < PAGES_MAX; pages += 1) {
    const page: Awaited<ReturnType<SlackClient['members']>> = await client.members(
      { channel, limit: PAGE_MEMBERS, cursor },
      context,
    );
    for (const member of page.members) members.add(member);
    if (page.next === null) return members;
    cursor = page.next;
    context.heartbeat({ pages });
  }
  return null;
}

/** Action `invite`: members into a channel; who is in it already stays, whom Slack does not know is left out. */
export function invite(client: SlackClient): Action<InviteInput, InviteState> {
  return {
    manifest: inviteManifest,
    before: inviteState,
    reversible: false,
    because: 'They have read what is there.',
    plan: (input) =>
      Promise.resolve({
        summary: `Invite ${input.members.length.toString()} members to ${input.channel}.`,
        targets: [inviteManifest.target(input)],
        before: { invited: false },
        after: { invited: true },
        token: null,
        undo: 'None: they have read what is there.',
      }),
    apply: async ({ channel, members }, _plan, context) => {
      const there = await membersOf(client, channel, context);
      const missing = members.filter((member) => there?.has(member) !== true);
      const receipt = { externalId: channel, origin: 'ours' } as const;
      if (missing.length === 0) return receipt;
      try {
        await client.invite({ channel, members: missing }, context);
      } catch (error) {
        if (!isAppError(error) || error.details?.['slackError'] !== 'already_in_channel')
          throw error;
      }
      return receipt;
    },
    verify: async ({ channel, members }, _plan, context) => {
      const there = await membersOf(client, channel, context);
      if (there === null) return { holds: 'unknown', reason: 'There are too many members.' };
      const missing = members.filter((member) => !there.has(member));
      return missing.length === 0
        ? { holds: 'yes' }
        : { holds: 'no', reason: `Not in it: ${missing.join(', ')}.` };
    },
  };
}
