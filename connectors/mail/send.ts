import { z } from 'zod';
import { AppError } from '../../domain/error.ts';
import type { Action } from '../connector.ts';
import type { Delivery, MailClient } from './client.ts';
import { sendManifest, type SendInput } from './manifest.ts';

const sendState = z.object({ sent: z.boolean() });
/** Whether the mail is sent; SMTP cannot be asked, so this is what the plan says. */
export type SendState = z.infer<typeof sendState>;

/** Mails whose recipients are remembered, so that a retry goes to those only who do not have it. */
const REMEMBERED_MAX = 1_000;

/** Who has which mail, as long as this process lives. */
class Deliveries {
  private readonly byMessage = new Map<string, Set<string>>();

  remaining(messageId: string, to: readonly string[]): readonly string[] {
    const have = this.byMessage.get(messageId);
    return to.filter((address) => !have?.has(address));
  }

  add(messageId: string, addresses: readonly string[]): void {
    const have = this.byMessage.get(messageId) ?? new Set<string>();
    for (const address of addresses) have.add(address);
    this.byMessage.delete(messageId);
    this.byMessage.set(messageId, have);
    const [oldest] = this.byMessage.keys();
    if (this.byMessage.size > REMEMBERED_MAX && oldest !== undefined) this.byMessage.delete(oldest);
  }
}

/** Some have it and some do not: for now (`unavailable`, the retry goes to the rest) or for good (`invalid`). */
function failureOfRejected({ accepted, rejected }: Delivery): AppError {
  const count = `${rejected.length.toString()} of ${(accepted.length + rejected.length).toString()}`;
  const details = { accepted, rejected };
  return rejected.some(({ permanent }) => !permanent)
    ? new AppError('unavailable', `${count} recipients were refused for now.`, { details })
    : new AppError('invalid', `${count} recipients were refused for good.`, {
        field: 'with.to',
        details,
      });
}

/** Action `send`: SMTP knows no idempotency, so a lost answer may leave two copies with one Message-ID. */
export function send(client: MailClient): Action<SendInput, SendState> {
  const deliveries = new Deliveries();
  return {
    manifest: sendManifest,
    before: sendState,
    reversible: false,
    because: 'A mail that was sent cannot be called back.',
    plan: (input) =>
      Promise.resolve({
        summary: `Send a mail to ${[input.to].flat().length.toString()} recipients.`,
        targets: [sendManifest.target(input)],
        before: { sent: false },
        after: { sent: true },
        token: null,
        undo: 'None: a mail cannot be called back.',
      }),
    apply: async (input, _plan, context) => {
      const { messageId, subject, text, html = null } = input;
      const to = deliveries.remaining(messageId, [input.to].flat());
      const receipt = { externalId: messageId, origin: 'ours' } as const;
      if (to.length === 0) return receipt;
      const inReplyTo = input.inReplyTo ?? null;
      const isUrgent = input.priority === 'high';
      const mail = { to, subject, text, html, messageId, inReplyTo, isUrgent };
      const delivery = await client.send(mail, context);
      deliveries.add(messageId, delivery.accepted);
      if (delivery.rejected.length > 0) throw failureOfRejected(delivery);
      return receipt;
    },
    verify: () =>
      Promise.resolve({
        holds: 'unknown',
        reason: 'SMTP cannot be read back; receivers drop a second copy by its Message-ID.',
      }),
  };
}
