import { newFact } from '../domain/fact.ts';
import { cardOf, type Message, type NewMessage } from '../domain/message.ts';
import type { Store } from '../store/tables.ts';
import type { MailOutcome, MailTry } from './mail-outcome.ts';
import { failedFact } from './message-facts.ts';
import type { AfterPage } from './next-channel.ts';

/** Writes what became of a message: its row and its fact in one transaction. Each function raises what the store raises. */
export class MessageRecords {
  private readonly store: Pick<Store, 'transaction'>;

  constructor(store: Pick<Store, 'transaction'>) {
    this.store = store;
  }

  /** What a relay answered for each recipient; answers the outcome. */
  async mailed(
    { id, incidentId }: Message,
    { messageId }: MailTry,
    { state, recipients, facts, outcome }: MailOutcome,
  ): Promise<MailOutcome['outcome']> {
    const isTold = recipients.some((one) => one.state === 'accepted');
    const externalId = isTold ? messageId : null;
    await this.store.transaction(async (tables) => {
      await tables.messages.mailed(id, { state, externalId, recipients });
      if (incidentId !== null && facts.length > 0) await tables.facts.append(incidentId, facts);
    });
    return outcome;
  }

  async sent(message: Message, externalId: string): Promise<'sent'> {
    const { id, incidentId, channel, purpose, subject } = message;
    await this.store.transaction(async (tables) => {
      await tables.messages.sent(id, externalId);
      if (incidentId !== null && channel === 'slack') await tables.statusCards.look(incidentId);
      // An edit tells nobody anything: what it shows is on the timeline already.
      if (incidentId === null || cardOf(message)?.isEdit === true) return;
      const fact = newFact({
        key: `message/${channel}/${purpose}/sent`,
        kind: 'message.sent',
        summary: `People were told by ${channel}: ${subject}`,
        data: { channel, purpose, externalId },
      });
      await tables.facts.append(incidentId, [fact]);
    });
    return 'sent';
  }

  /** Given up for good, with the mail that says so in its place. */
  async failed(
    message: Message,
    reason: string,
    unreached: readonly NewMessage[] = [],
  ): Promise<'failed'> {
    const { id, incidentId } = message;
    await this.store.transaction(async (tables) => {
      await tables.messages.failed(id, true);
      await tables.messages.put(unreached);
      if (incidentId !== null) await tables.facts.append(incidentId, [failedFact(message, reason)]);
    });
    return 'failed';
  }

  /** A page that nobody got, with what follows from that. */
  async unpaged({ id, incidentId }: Message, { rows, fact, inVain }: AfterPage): Promise<'failed'> {
    await this.store.transaction(async (tables) => {
      await tables.messages.failed(id, true);
      await tables.messages.put(rows);
      if (inVain !== null) await tables.escalations.reachedNobody(inVain.subject, inVain.rung);
      if (incidentId !== null) await tables.facts.append(incidentId, [fact]);
    });
    return 'failed';
  }

  /** Failed, and tried again. */
  async again({ id }: Message, unreached: readonly NewMessage[]): Promise<'later'> {
    await this.store.transaction(async (tables) => {
      await tables.messages.failed(id, false);
      await tables.messages.put(unreached);
    });
    return 'later';
  }
}
