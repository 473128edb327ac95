/** What a message to people is about; one per (incident, purpose). */
export type MessageChannel = 'slack' | 'mail';

/** A message to people, as a durable row; sent by the relay, the row first and the message second. */
export interface NewMessage {
  readonly incidentId: string;
  readonly channel: MessageChannel;
  /** Unique with incident and channel: `opened`, `step/isolate`, `approval/<id>`, `closed`. */
  readonly purpose: string;
  readonly subject: string;
  /** Plain text; each medium escapes it for itself. */
  readonly text: string;
}

/** A message to people as stored, with how its sending went. */
export interface Message extends NewMessage {
  readonly id: string;
  readonly state: 'pending' | 'sent' | 'failed';
  readonly attempts: number;
  /** Slack timestamp or mail Message-ID; null until sent. */
  readonly externalId: string | null;
}
