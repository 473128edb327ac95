import type { Recipient } from './recipient.ts';

/** What a message to people is about; one per (incident, purpose). */
export type MessageChannel = 'slack' | 'mail' | 'page';

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
  /** Who alone gets this mail; absent: everybody who gets mail. */
  readonly to?: readonly string[];
  /** Id of the Slack channel where this alone stands; absent or null: the incident's thread. */
  readonly slackChannel?: string | null;
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
  /** Slack timestamp, mail Message-ID or key of a page; null until sent. */
  readonly externalId: string | null;
  /** Who gets a mail, and how each stands; null for other channels and before the first answer. */
  readonly recipients: readonly Recipient[] | null;
}

/** The purpose of the message that begins the thread of an incident; in Slack it is the live card. */
export const OPENED = 'opened';

/** The purpose of the message that says in the common channel where an incident is told. */
export const CHANNEL_OPENED = 'channel';

const CARD = /^approval\/([^/]+)(\/card\/.+)?$/;

/** The approval whose card a message is, or edits in place; null for every other message. */
export function cardOf({
  purpose,
}: Pick<NewMessage, 'purpose'>): { readonly approvalId: string; readonly isEdit: boolean } | null {
  const [, approvalId, edit] = CARD.exec(purpose) ?? [];
  return approvalId === undefined ? null : { approvalId, isEdit: edit !== undefined };
}

/** The approval that a message is about in any way; null for every other message. */
export function approvalOf({ purpose }: Pick<NewMessage, 'purpose'>): string | null {
  return /^approval\/([^/]+)(?:\/|$)/.exec(purpose)?.[1] ?? null;
}

/** The purpose of the message that asks for an approval. */
export function cardPurpose(approvalId: string): string {
  return `approval/${approvalId}`;
}

/** Word that the card of an approval says something old; `because` names what happened, once. */
export function cardEdit(
  approvalId: string,
  because: string,
): Omit<NewMessage, 'incidentId' | 'channel'> {
  return {
    purpose: `${cardPurpose(approvalId)}/card/${because}`,
    subject: 'The approval stands otherwise',
    text: '',
  };
}

const OVERDUE_CLOCK = /^clock\/.+\/overdue\//;

/** The purpose of the one message about a rung of a regulator's clock. */
export function clockPurpose(clock: string, rung: 'reminder' | 'overdue', at: string): string {
  return `clock/${clock}/${rung}/${at}`;
}

/** True for the message that a regulator's clock is overdue: it goes to more people. */
export function isOverdueClock({ purpose }: Pick<NewMessage, 'purpose'>): boolean {
  return OVERDUE_CLOCK.test(purpose);
}

/** The purpose of one update to one of its recipients, whose address or channel stands in it as a digest. */
export function updatePurpose(
  { audience, ordinal }: { readonly audience: string; readonly ordinal: number },
  recipientSha256: string,
): string {
  return `update/${audience}/${ordinal.toString()}/${recipientSha256.slice(0, 16)}`;
}

const UPDATE = /^update\/([^/]+)\/\d+\/([0-9a-f]+)$/;

/** The purpose of the first update to the same recipient, whose mail begins their thread; null for what is no update. */
export function firstUpdateOf({ purpose }: Pick<NewMessage, 'purpose'>): string | null {
  const [, audience = '', recipient] = UPDATE.exec(purpose) ?? [];
  return recipient === undefined ? null : `update/${audience}/1/${recipient}`;
}
