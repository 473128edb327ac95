import { z } from 'zod';
import type { AppError } from '../domain/error.ts';
import { newFact, type NewFact } from '../domain/fact.ts';
import type { Message } from '../domain/message.ts';
import {
  afterAnswer,
  afterSilence,
  isDue,
  type Recipient,
  type RelayAnswer,
} from '../domain/recipient.ts';
import { failedFact } from './message-facts.ts';

/** One try to mail a row. */
export interface MailTry {
  /** Everybody who is to get it, as they stood before. */
  readonly recipients: readonly Recipient[];
  /** To whom this try went. */
  readonly tried: readonly string[];
  readonly messageId: string;
}

/** What became of a try: what to write, and when to go on. */
export interface MailOutcome {
  readonly state: Message['state'];
  readonly recipients: readonly Recipient[];
  readonly facts: readonly NewFact[];
  /** `waiting`: the channel works, and somebody was refused for now. `later`: no answer came. */
  readonly outcome: 'sent' | 'failed' | 'waiting' | 'later';
}

const answerSchema = z.object({
  accepted: z.array(z.string()),
  rejected: z
    .array(z.object({ address: z.string(), permanent: z.boolean(), said: z.string() }))
    .min(1),
});

/** What the mail connector says of each recipient when it raises; null when it speaks of the mail as a whole. */
function answerOf(error: AppError): RelayAnswer | null {
  const parsed = answerSchema.safeParse(error.details);
  return parsed.success ? parsed.data : null;
}

function recipientsAfter(
  { recipients, tried }: MailTry,
  error: AppError | null,
): readonly Recipient[] | null {
  if (error === null) return afterAnswer(recipients, { accepted: tried, rejected: [] });
  if (error.code === 'outcome_unknown') return afterSilence(recipients, tried);
  const answer = answerOf(error);
  return answer === null ? null : afterAnswer(recipients, answer);
}

/** Who came to a state in this try. */
function newly(
  state: Recipient['state'],
  before: readonly Recipient[],
  after: readonly Recipient[],
): readonly Recipient[] {
  return after.filter((one, index) => one.state === state && before[index]?.state !== state);
}

function stateOf(recipients: readonly Recipient[]): Message['state'] {
  if (recipients.some(isDue)) return 'pending';
  return recipients.some(({ state }) => state === 'accepted') ? 'sent' : 'failed';
}

/** What the timeline learns of a try: to whom it went, whom the relay refused for good, of whom nobody knows. */
function factsOf(
  { channel, purpose, subject }: Message,
  { recipients: before, messageId }: MailTry,
  after: readonly Recipient[],
): readonly NewFact[] {
  const base = `message/${channel}/${purpose}`;
  const told = newly('accepted', before, after).map(({ address }) => address);
  const silent = newly('unknown', before, after).map(({ address }) => address);
  const wasTold = before.some(({ state }) => state === 'accepted');
  const facts = newly('refused', before, after).map(({ address, said }) =>
    newFact({
      key: `${base}/refused/${address}`,
      kind: 'message.refused',
      summary: `The mail relay refused ${address} (${said ?? 'it did not say why'}): ${subject}`,
      data: { channel, purpose, address, said },
    }),
  );
  if (told.length > 0) {
    facts.push(
      newFact({
        key: wasTold ? `${base}/sent/${told[0] ?? ''}` : `${base}/sent`,
        kind: 'message.sent',
        summary: `People were told by ${channel}: ${subject}`,
        data: { channel, purpose, externalId: messageId, to: told },
      }),
    );
  }
  if (silent.length > 0) {
    facts.push(
      newFact({
        key: `${base}/unknown/${silent[0] ?? ''}`,
        kind: 'message.unknown',
        summary: `No answer came for a mail to ${silent.length.toString()} people, who may have it: ${subject}`,
        data: { channel, purpose, externalId: messageId, to: silent },
      }),
    );
  }
  return facts;
}

function reasonOf(after: readonly Recipient[]): string {
  return after.some(({ state }) => state === 'unknown') ? 'outcome_unknown' : 'invalid';
}

function goesOn(error: AppError | null): MailOutcome['outcome'] {
  return error?.code === 'outcome_unknown' ? 'later' : 'waiting';
}

/**
 * What a try to mail a row comes to, each recipient by themselves: who has it is not mailed again, who was refused for good is told and
 * left, who was refused for now or got no answer is tried again. Null when the trouble was the channel's and says nothing of them.
 */
export function mailOutcome(
  message: Message,
  mailTry: MailTry,
  error: AppError | null,
): MailOutcome | null {
  const recipients = recipientsAfter(mailTry, error);
  if (recipients === null) return null;
  const state = stateOf(recipients);
  const facts = factsOf(message, mailTry, recipients);
  return {
    state,
    recipients,
    facts: state === 'failed' ? [...facts, failedFact(message, reasonOf(recipients))] : facts,
    outcome: state === 'pending' ? goesOn(error) : state,
  };
}
