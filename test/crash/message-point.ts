import { mailIdOf } from '../../app/mail-lane.ts';
import { rungPurpose } from '../../domain/escalation.ts';
import { cardPurpose, type MessageChannel } from '../../domain/message.ts';
import { sha256Hex } from '../../evidence/digest.ts';
import type { FaultSubject } from '../../lab/fault.ts';

/** Whom mails are from. */
export const FROM = 'Firebreak <firebreak@lab.test>';

/** An incident that speaks, and whose card it has; the purposes of its messages follow from it. */
export interface Thread {
  readonly incidentId: string;
  readonly approvalId: string;
}

/** What an incident says in Slack. */
export const POSTS = ['opened', 'step/isolate', 'card', 'closed'] as const;
export type PostName = (typeof POSTS)[number];
/** What of it is mailed as well. */
export const MAILS = ['opened', 'card', 'closed'] as const;
type MailName = (typeof MAILS)[number];

/** One call that is struck: which message of which incident, and how it is known on the wire. */
export interface Point {
  readonly channel: MessageChannel;
  readonly matches: (subject: FaultSubject) => boolean;
  /** Moments that were struck: before the effect, then after it. */
  struck: number;
  /** True once it waits. */
  waits: boolean;
}

/** The purpose of a message of an incident. */
export function purposeOf({ approvalId }: Thread, name: PostName): string {
  return name === 'card' ? cardPurpose(approvalId) : name;
}

/** The purpose of the page of an incident's first rung. */
export function pagePurpose({ incidentId }: Thread): string {
  return rungPurpose({ kind: 'incident', id: incidentId }, 1);
}

/** By what a message is known in Slack. */
export function keyOf(thread: Thread, name: PostName): string {
  return sha256Hex(`${thread.incidentId}/slack/${purposeOf(thread, name)}`);
}

/** By what a message is known in a mailbox. */
export function mailIdFor(thread: Thread, name: MailName): string {
  return mailIdOf({ incidentId: thread.incidentId, purpose: purposeOf(thread, name) }, FROM);
}

/** By what the page of an incident is known in PagerDuty. */
export function dedupKeyOf(thread: Thread): string {
  return `firebreak/${thread.incidentId}/page/${pagePurpose(thread)}`;
}

/** The Message-ID of a mail as it is sent. */
export function messageIdIn(body: string): string | undefined {
  return /^message-id:\s*(<[^>]+>)/imu.exec(body)?.[1];
}

/** The call that posts a message, or edits the one that it posted. */
export function slackPoint(thread: Thread, name: PostName, method = 'chat.postMessage'): Point {
  const key = keyOf(thread, name);
  return {
    channel: 'slack',
    matches: ({ path, body }) => path === `/api/${method}` && body.includes(key),
    struck: 0,
    waits: false,
  };
}

/** The transaction that mails a message: it has its effect with the end of its data. */
export function mailPoint(thread: Thread, name: MailName): Point {
  const id = mailIdFor(thread, name);
  return {
    channel: 'mail',
    matches: ({ method, body }) => method === 'DATA' && messageIdIn(body) === id,
    struck: 0,
    waits: false,
  };
}

/** The event that pages people about an incident. */
export function pagePoint(thread: Thread): Point {
  const key = JSON.stringify(dedupKeyOf(thread));
  return {
    channel: 'page',
    matches: ({ path, body }) => path === '/v2/enqueue' && body.includes(key),
    struck: 0,
    waits: false,
  };
}
