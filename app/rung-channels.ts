import type { MessageChannel } from '../domain/message.ts';
import type { Person } from '../store/person-table.ts';

/** The channels that are there for an incident. */
export type OpenChannels = Readonly<Record<MessageChannel, boolean>>;

/** True when a channel reaches somebody of these people. Whom a page wakes is known to who pages, and Slack tells a channel. */
export function reaches(
  channel: MessageChannel,
  open: OpenChannels,
  people: readonly Pick<Person, 'mail'>[],
): boolean {
  return open[channel] && (channel !== 'mail' || people.some(({ mail }) => mail !== null));
}
