import type { NewMessage } from '../domain/message.ts';
import type { CarriedMessage } from './run-reference.ts';
import type { ActivityDependencies } from './dependencies.ts';

/** Message rows for the channels that exist; about the engine itself without an incident. */
export function messagesFor(
  deps: Pick<ActivityDependencies, 'channels'>,
  incidentId: string | null,
  messages: readonly CarriedMessage[],
): readonly NewMessage[] {
  return messages.flatMap(({ purpose, subject, text, mail }) => {
    const base = { incidentId, purpose, subject, text };
    const rows: NewMessage[] = [];
    if (deps.channels.slack) rows.push({ ...base, channel: 'slack' });
    if (deps.channels.mail && mail) rows.push({ ...base, channel: 'mail' });
    return rows;
  });
}
