import { z } from 'zod';
import { actionManifest, type ActionManifest, type Manifest } from '../connector.ts';

/** A sender as a mail shows it. */
export interface Sender {
  /** Empty when only the address is given. */
  readonly name: string;
  readonly address: string;
}

const NAMED = /^([^<>"\p{C}]*?) *<([^<>]+)>$/u;

/** `address` or `Name <address>` in its parts; null when it is neither. */
export function senderOf(from: string): Sender | null {
  const [, name = '', named] = NAMED.exec(from) ?? [];
  const address = named ?? from;
  return z.email().max(254).safeParse(address).success ? { name, address } : null;
}

const HOST_NAME = /^[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?(?:\.[A-Za-z0-9-]+)*$/;

/** Configuration of one mail relay. */
export const mailConfig = z.strictObject({
  url: z
    .url({ protocol: /^smtps?$/ })
    // The library takes settings from the query over ours.
    .refine((url) => !/[?#]/.test(url), 'has a query or a fragment')
    .refine((url) => !/%(?![0-9a-f]{2})/i.test(url), 'has a percent sign that is not encoded')
    .meta({ secret: true })
    .describe(
      '`smtp://` (STARTTLS when offered) or `smtps://`, with user and password when the relay wants them.',
    ),
  from: z
    .string()
    .max(400)
    .refine((from) => senderOf(from) !== null, 'is no address, and no `Name <address>`')
    .describe('Address that mail is sent from, alone or as `Name <address>`.'),
  caFile: z
    .string()
    .min(1)
    .max(4_096)
    .optional()
    .describe('PEM file of the authority of the relay, trusted in place of the public ones.'),
  dkim: z
    .strictObject({
      domain: z
        .string()
        .max(253)
        .regex(HOST_NAME, 'is no domain')
        .describe('Domain that signs; the sender’s, or one above it.'),
      selector: z
        .string()
        .max(63)
        .regex(HOST_NAME, 'is no selector')
        .describe('Which of its keys.'),
      privateKey: z
        .string()
        .min(1)
        .max(20_000)
        .meta({ secret: true })
        .describe('RSA key in PEM; its public half stands in DNS.'),
    })
    .optional()
    .describe('Signs every mail (DKIM). Leave it out where the relay signs.'),
});
/** A parsed configuration of one mail relay. */
export type MailConfig = z.infer<typeof mailConfig>;

/** Recipients of one mail: as many as every relay has to take (RFC 5321 §4.5.3.1.8). */
export const RECIPIENTS_MAX = 100;
/** Characters of one part of a mail. */
export const PART_MAX = 4_000_000;

const address = z.email().max(254);
const messageId = z
  .string()
  .max(500)
  .regex(/^<[A-Za-z0-9!#$%&'*+=?^_`{|}~.-]+@[A-Za-z0-9.-]+>$/, 'is not a Message-ID');

const sendInput = z.strictObject({
  /** From configuration only, never from the text of an alert. */
  to: z.union([address, z.array(address).min(1).max(RECIPIENTS_MAX)]),
  /** One header line. */
  subject: z
    .string()
    .min(1)
    .max(500)
    .regex(/^\P{Cc}*$/u, 'holds control characters'),
  text: z.string().min(1).max(PART_MAX),
  /** The same in HTML: nothing that is fetched. */
  html: z.string().min(1).max(PART_MAX).optional(),
  /** Fixed by the caller: the same mail again has the same one, so that receivers can drop it. */
  messageId,
  /** Message-ID of the thread's first mail. */
  inReplyTo: messageId.optional(),
  /** What asks people for something at once. */
  priority: z.literal('high').optional(),
});
/** Input of `send`. */
export type SendInput = z.infer<typeof sendInput>;

/** Action `send`: one mail, at least once, with a Message-ID that tells copies apart from news. */
export const sendManifest: ActionManifest<SendInput> = {
  title: 'Send a mail',
  input: sendInput,
  approvalClass: 'R0',
  claim: 'shared',
  reversible: { because: 'A mail that was sent cannot be called back.' },
  destroys: 'nothing',
  target: (input) => `Mail/-/${input.messageId}`,
};

/** What the mail connector offers. */
export const manifest: Manifest = {
  name: 'mail',
  title: 'Mail (SMTP)',
  lastResort: ['take the right to send as {from} away at the relay'],
  config: mailConfig,
  actions: { send: actionManifest(sendManifest) },
  probes: {},
};
