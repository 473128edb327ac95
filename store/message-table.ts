import type { Message, NewMessage } from '../domain/message.ts';
import type { Recipient } from '../domain/recipient.ts';

/** What can be done with message rows. */
export interface MessageTable {
  /** Idempotent by (incident, channel, purpose); writes the outbox row too. */
  put(messages: readonly NewMessage[]): Promise<void>;
  get(id: string): Promise<Message | null>;
  sent(id: string, externalId: string): Promise<void>;
  /** What was sent is gone and stands elsewhere now: what answers it goes there. */
  moved(id: string, externalId: string): Promise<void>;
  failed(id: string, final: boolean): Promise<void>;
  /** Writes what became of a try to mail a pending message: it stays pending while somebody is still to get it. */
  mailed(
    id: string,
    outcome: Pick<Message, 'state' | 'externalId'> & { readonly recipients: readonly Recipient[] },
  ): Promise<void>;
  /** The first sent message of an incident on a channel: thread parent; null before. */
  threadParent(incidentId: string, channel: Message['channel']): Promise<Message | null>;
  ofIncident(incidentId: string): Promise<readonly Message[]>;
  /** Messages that were sent to Slack and stand there under one of these timestamps, in whichever channel. */
  inSlack(timestamps: readonly string[]): Promise<readonly Message[]>;
}
