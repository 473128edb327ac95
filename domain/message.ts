/** What a message to people is about; one per (incident, purpose). */
export type MessageChannel = 'slack' | 'mail';

/** A message to people, as a durable row; sent by the relay, the row first and the message second. */
export interface NewMessage {
  /** Null for what is told about the engine itself. */
  readonly incidentId: string | null;
  readonly channel: MessageChannel;
  /** Unique with incident and channel: `opened`, `step/isolate`, `approval/<id>`, `closed`. */
  readonly purpose: string;
  readonly subject: string;
  /** Plain text; each medium escapes it for itself. */
  readonly text: string;
}

/** Messages that a snooze holds back: what only repeats, or tells of progress. What asks anew, or lapsed, is told. */
const HELD_BACK = /^(reminder\/|step\/|review$|approval\/[^/]+\/reminder\/)/;

/** True for a message that waits while its incident is snoozed. */
export function isHeldBack({ purpose }: Pick<NewMessage, 'purpose'>): boolean {
  return HELD_BACK.test(purpose);
}

/** A message to people as stored, with how its sending went. */
export interface Message extends NewMessage {
  readonly id: string;
  readonly state: 'pending' | 'sent' | 'failed';
  readonly attempts: number;
  /** Slack timestamp or mail Message-ID; null until sent. */
  readonly externalId: string | null;
}
