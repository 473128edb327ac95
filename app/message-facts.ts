import { newFact, type NewFact } from '../domain/fact.ts';
import type { Message } from '../domain/message.ts';

/** The line of the timeline that a message reached nobody; `then` says what follows from that, in words. */
export function failedFact(
  { channel, purpose, subject }: Message,
  reason: string,
  then = '',
): NewFact {
  return newFact({
    key: `message/${channel}/${purpose}/failed`,
    kind: 'message.failed',
    summary: `People could not be told by ${channel} (${reason}${then}): ${subject}`,
    data: { channel, purpose, reason },
  });
}
