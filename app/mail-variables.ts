import { z } from 'zod';
import { senderOf } from '../connectors/mail/manifest.ts';
import { text, url, type Variable } from './variable.ts';

const hostName = z
  .string()
  .regex(/^[A-Za-z0-9-]{1,63}(?:\.[A-Za-z0-9-]{1,63}){0,10}$/, { error: 'must be a domain name' });

/** The variables of mail, in the order of `.env.example`. */
export const MAIL_VARIABLES = {
  smtpUrl: {
    name: 'SMTP_URL',
    about:
      'Mail relay: smtps://, or smtp:// which turns to TLS when it is offered. With a password nothing is sent without TLS.',
    secret: true,
    fallback: null,
    example: 'smtps://user:password@mail.example.com:465',
    schema: url(['smtp', 'smtps']).refine((address) => !/[?#]/.test(address), {
      error: 'must have no query: TLS is required by itself wherever there is a password',
    }),
  },
  smtpCaFile: {
    name: 'SMTP_CA_FILE',
    about: 'PEM file of the authority of the mail relay, when it is not a public one.',
    secret: false,
    fallback: null,
    example: '/etc/ssl/certs/example-ca.pem',
    schema: text,
  },
  mailFrom: {
    name: 'MAIL_FROM',
    about: 'Sender of our mail; needed with SMTP_URL.',
    secret: false,
    fallback: null,
    example: 'Firebreak <firebreak@example.com>',
    schema: z.string().refine((from) => senderOf(from) !== null, {
      error: 'must be a mail address, alone or as Name <address>',
    }),
  },
  mailDkimDomain: {
    name: 'MAIL_DKIM_DOMAIN',
    about: 'Signs our mail for this domain (DKIM). Leave it out where the relay signs.',
    secret: false,
    fallback: null,
    example: 'example.com',
    schema: hostName,
  },
  mailDkimSelector: {
    name: 'MAIL_DKIM_SELECTOR',
    about: 'Which key of that domain: its public half stands in DNS at SELECTOR._domainkey.DOMAIN.',
    secret: false,
    fallback: null,
    example: 'firebreak',
    schema: hostName,
  },
  mailDkimKey: {
    name: 'MAIL_DKIM_KEY',
    about: 'RSA private key in PEM that signs; better as a file.',
    secret: true,
    fallback: null,
    example: '-----BEGIN PRIVATE KEY-----…',
    schema: text,
  },
} as const satisfies Readonly<Record<string, Variable<unknown>>>;
