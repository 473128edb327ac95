import { approvalDetail, shownPlans } from '../api/approval-detail.ts';
import type { Connector } from '../connectors/connector.ts';
import type { Approval, Role } from '../domain/approval.ts';
import { RECIPIENTS_MAX } from '../connectors/mail/manifest.ts';
import { isAboutGlass } from '../domain/break-glass.ts';
import { markedTitle } from '../domain/drill.ts';
import { AppError } from '../domain/error.ts';
import { rungOf } from '../domain/escalation.ts';
import type { Incident } from '../domain/incident.ts';
import type { Json } from '../domain/json.ts';
import {
  approvalOf,
  cardOf,
  firstUpdateOf,
  isOverdueClock,
  OPENED,
  type Message,
} from '../domain/message.ts';
import { isDue, newRecipients, type Recipient } from '../domain/recipient.ts';
import type { Person } from '../store/person-table.ts';
import { renderMail, updateContent, type MailBlock, type MailContent } from '../render/mail.ts';
import { approvalMail, decideAt } from '../render/mail-approval.ts';
import { calledBy, type Lane, type LaneStore } from './message-lanes.ts';

/** What mail needs to know beside the rows. */
export interface MailLaneOptions {
  readonly store: LaneStore;
  /** Who gets every mail. */
  readonly to: readonly string[];
  /** `address` or `Name <address>`: its domain is that of our Message-IDs. */
  readonly from: string;
  /** Our public address, without a slash at its end; null when there is none: then no mail holds a link. */
  readonly publicUrl: string | null;
}

/** In place of an incident, for what is told about the engine itself. */
const ENGINE = 'engine';

/** Who is mailed about an overdue clock, beside those who get every mail. */
const OVERDUE_ROLES: readonly Role[] = ['legal', 'commander'];

/** What may stand in an identifier; anything else as its code point. */
function idPart(text: string): string {
  return text.replaceAll('/', '.').replace(/[^A-Za-z0-9.-]/g, (character) => {
    return `_${(character.codePointAt(0) ?? 0).toString(16)}`;
  });
}

/** The domain of a sender, `firebreak` when it is no domain. */
export function domainOf(from: string): string {
  return /@([A-Za-z0-9.-]+)>?$/.exec(from)?.[1] ?? 'firebreak';
}

/** The fixed Message-ID of a mail: the same row and sender give the same one. */
export function mailIdOf(message: Pick<Message, 'incidentId' | 'purpose'>, from: string): string {
  const left = `${idPart(message.incidentId ?? ENGINE)}.${idPart(message.purpose)}`;
  return `<${left}@${domainOf(from)}>`;
}

/** The subject that all mails of an incident have, so that receivers keep them together. */
function subjectOf({ number, title, drill }: Incident, isFirst: boolean): string {
  const subject = markedTitle(`#${number.toString()} ${title}`, { drill });
  return isFirst ? subject : `Re: ${subject}`;
}

function hasRoleOf({ quorum }: Approval): (person: Person) => boolean {
  return ({ active, roles }) => active && roles.some((role) => quorum.roles.includes(role));
}

/** True for who answers for an overdue clock. */
function isAnswerable({ active, roles }: Person): boolean {
  return active && OVERDUE_ROLES.some((role) => roles.includes(role));
}

function withAddressesOf(people: readonly Person[], to: readonly string[]): readonly string[] {
  const addresses = people.flatMap(({ mail }) => (mail === null ? [] : [mail]));
  return [...new Set([...to, ...addresses])];
}

/** Where people go on from a mail that asks for nothing exact. */
function footOf(
  { incidentId, ...message }: Message,
  publicUrl: string | null,
): readonly MailBlock[] {
  const approvalId = approvalOf(message);
  if (approvalId !== null) return [decideAt(approvalId, publicUrl)];
  if (incidentId === null) return [];
  const label = 'How it stands, and what you can do now:';
  return [{ kind: 'command', label, command: `firebreak incident show ${incidentId}` }];
}

/** What a mail says, and to whom. */
interface Letter {
  readonly content: MailContent;
  readonly to: readonly string[];
  readonly isUrgent: boolean;
}

/** The question of an approval as it stands now, to everybody who may answer it as well. */
async function approvalLetter(
  { store, to, publicUrl }: MailLaneOptions,
  approval: Approval,
  subject: string,
): Promise<Letter> {
  const [detail, people] = await Promise.all([
    approvalDetail(store, approval),
    store.people.list(),
  ]);
  const deciders = people.filter(hasRoleOf(approval));
  const content = approvalMail({
    ...{ subject, approval, deciders },
    plans: shownPlans(detail),
    approvedBy: detail.approvedBy,
    decide: decideAt(approval.id, publicUrl),
  });
  return { content, to: withAddressesOf(deciders, to), isUrgent: approval.status === 'open' };
}

/** An update says what a person saw, and nothing beside: no number of ours, no command. */
function updateLetter({ subject, text }: Message): Letter {
  const content = updateContent({ subject, text });
  return { content, to: [], isUrgent: false };
}

async function letterOf(options: MailLaneOptions, message: Message): Promise<Letter> {
  const { store, to, publicUrl } = options;
  if (firstUpdateOf(message) !== null) return updateLetter(message);
  const { incidentId, purpose } = message;
  const card = cardOf(message);
  const [incident, approval] = await Promise.all([
    incidentId === null ? null : store.incidents.get(incidentId),
    card === null ? null : store.approvals.get(card.approvalId),
  ]);
  const subject = incident === null ? message.subject : subjectOf(incident, purpose === OPENED);
  if (approval !== null) return approvalLetter(options, approval, subject);
  const blocks: readonly MailBlock[] = [
    ...(message.text.trim() === '' ? [] : [{ kind: 'text', text: message.text } as const]),
    ...footOf(message, publicUrl),
  ];
  const content = { subject, headline: message.subject, blocks };
  const isRung = rungOf(message) !== null;
  // Whom broken glass concerns has a mail of their own.
  const isUrgent = isRung || isOverdueClock(message) || isAboutGlass(message);
  return { content, to: withAddressesOf(await alsoTold(store, message), to), isUrgent };
}

/** Who is mailed beside those who get every mail: whom a rung calls, and who answers for an overdue clock. */
async function alsoTold(store: LaneStore, message: Message): Promise<readonly Person[]> {
  if (rungOf(message) !== null) return calledBy(store, message);
  return isOverdueClock(message) ? (await store.people.list()).filter(isAnswerable) : [];
}

/** Said in a mail that may be the second copy of one whose fate nobody knows. */
const SECOND_COPY: MailBlock = {
  kind: 'text',
  text: 'You may have this mail already: the mail relay gave no answer to an earlier try.',
};

/** The mail with what its recipients must know of its way. */
function onItsWay(content: MailContent, due: readonly Recipient[]): MailContent {
  const mayBeCopy = due.some(({ state }) => state === 'unknown');
  return mayBeCopy ? { ...content, blocks: [...content.blocks, SECOND_COPY] } : content;
}

/**
 * The way to mail; null when it is not configured. All mails of an incident answer the one that opened it,
 * whether that arrived or not: what a mail holds depends on its row, never on how the others went. Who gets one is settled by its
 * first answer; each try is for those only who are still to get it.
 */
export function mailLane(connector: Connector | null, options: MailLaneOptions): Lane | null {
  const action = connector?.actions['send'];
  if (!action) return null;
  const { from } = options;
  return {
    prepare: async (message) => {
      const { incidentId, purpose } = message;
      const { content, to, isUrgent } = await letterOf(options, message);
      const recipients = message.recipients ?? newRecipients(to);
      const due = recipients.filter(isDue).slice(0, RECIPIENTS_MAX);
      const tried = due.map(({ address }) => address);
      const messageId = mailIdOf(message, from);
      if (recipients.length === 0) {
        throw new AppError('unsupported', 'Nobody gets this mail.', { field: 'mailTo' });
      }
      const root = { incidentId, purpose: firstUpdateOf(message) ?? OPENED };
      const input: Json = {
        ...renderMail(onItsWay(content, due)),
        to: tried,
        messageId,
        ...(incidentId === null || purpose === root.purpose
          ? {}
          : { inReplyTo: mailIdOf(root, from) }),
        ...(isUrgent ? { priority: 'high' } : {}),
      };
      return { action, input, mailTry: { recipients, tried, messageId } };
    },
  };
}
