import type { AppError } from '../domain/error.ts';
import type { NewMessage } from '../domain/message.ts';

/** What people are told by mail because Slack does not take it: once for what it is about. */
export function unreachedRow(
  incidentId: string | null,
  {
    about,
    subject,
    text = '',
    error,
  }: {
    /** Names it: one mail for one such name. */
    readonly about: string;
    readonly subject: string;
    readonly text?: string;
    readonly error: AppError;
  },
): NewMessage {
  return {
    ...{ incidentId, channel: 'mail', purpose: `unreached/${about}` },
    subject: `Not in Slack: ${subject}`,
    text: [
      ...(text.trim() === '' ? [] : [text, '']),
      `Slack does not take it (${error.code}: ${error.message}).`,
      'It waits there and is tried again; everything else goes on, and nothing is approved by waiting.',
      'See docs/slack.md for what the app needs, and `firebreak doctor` for what it lacks.',
    ].join('\n'),
  };
}
