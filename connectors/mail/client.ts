import { createTransport, type SendMailOptions, type SMTPPoolOptions } from 'nodemailer';
import { AppError } from '../../domain/error.ts';
import type { CallContext, Health } from '../connector.ts';
import { healthOf } from '../health.ts';
import { askPermit } from '../permit.ts';
import { createRedactor, redacted } from '../redaction.ts';
import { failureOf, rejectionsOf, type Rejection } from './failure.ts';
import { senderOf, type MailConfig } from './manifest.ts';

/** A mail as we send it. */
export interface OutgoingMail {
  readonly to: readonly string[];
  readonly subject: string;
  readonly text: string;
  readonly html: string | null;
  readonly isUrgent: boolean;
  readonly messageId: string;
  readonly inReplyTo: string | null;
}

/** What the relay did with the recipients. */
export interface Delivery {
  readonly accepted: readonly string[];
  readonly rejected: readonly Rejection[];
}

/** Calls to one mail relay. */
export interface MailClient {
  /** Raises `outcome_unknown` when the connection ended without an answer. */
  send(mail: OutgoingMail, context: CallContext): Promise<Delivery>;
  health(signal: AbortSignal): Promise<Health>;
  close(): Promise<void>;
}

const CONNECTIONS_MAX = 2;
const MAILS_PER_CONNECTION_MAX = 50;
const TIMEOUT_MS = 15_000;
const IDLE_TIMEOUT_MS = 30_000;
const LOOPBACK = /^(localhost|127(\.\d{1,3}){3}|\[::1\])$/;

function signerOf({ domain, selector, privateKey }: NonNullable<MailConfig['dkim']>) {
  return { domainName: domain, keySelector: selector, privateKey };
}

/**
 * Nodemailer's options: no re-sending inside the library, no files or addresses fetched, and a password only over TLS (but
 * to this machine).
 */
export function transportOptions(
  config: MailConfig,
  ca: string | null = null,
): SMTPPoolOptions & { readonly pool: true } {
  const { password, hostname } = new URL(config.url);
  const { dkim } = config;
  return {
    pool: true,
    tls: { minVersion: 'TLSv1.2', ...(ca === null ? {} : { ca }) },
    ...(dkim === undefined ? {} : { dkim: signerOf(dkim) }),
    url: config.url,
    maxConnections: CONNECTIONS_MAX,
    maxMessages: MAILS_PER_CONNECTION_MAX,
    maxRequeues: 0,
    disableFileAccess: true,
    disableUrlAccess: true,
    requireTLS: password !== '' && !LOOPBACK.test(hostname),
    connectionTimeout: TIMEOUT_MS,
    greetingTimeout: TIMEOUT_MS,
    dnsTimeout: TIMEOUT_MS,
    socketTimeout: TIMEOUT_MS,
    socketCloseTimeout: 0,
    idleTimeout: IDLE_TIMEOUT_MS,
    logger: false,
  };
}

/** The mail for nodemailer. Programs that answer by themselves are told not to. */
function composed(mail: OutgoingMail, { from }: MailConfig): SendMailOptions {
  const { to, subject, text, html, messageId, inReplyTo, isUrgent } = mail;
  return {
    from: senderOf(from) ?? from,
    to: [...to],
    ...{ subject, text, messageId },
    ...(html === null ? {} : { html }),
    ...(inReplyTo === null ? {} : { inReplyTo, references: [inReplyTo] }),
    ...(isUrgent ? { priority: 'high' as const } : {}),
    headers: { 'Auto-Submitted': 'auto-generated', 'X-Auto-Response-Suppress': 'All' },
  };
}

/**
 * A client of one mail relay, which is trusted by the authorities in `ca` (PEM) in place of the public ones; it keeps connections until it
 * is closed.
 */
export function createMailClient(config: MailConfig, ca: string | null): MailClient {
  const closing = new AbortController();
  const transport = createTransport(transportOptions(config, ca));
  const { password } = new URL(config.url);
  const secrets = [password, decodeURIComponent(password), config.url];
  const redact = createRedactor([...secrets, config.dkim?.privateKey ?? '']);
  return {
    send: async (mail, context) => {
      await askPermit(context, 'the mail relay');
      const signal = AbortSignal.any([closing.signal, context.signal]);
      if (signal.aborted) {
        throw new AppError('unavailable', 'The mail was stopped before it was sent.');
      }
      try {
        const info = await transport.sendMail({ ...composed(mail, config), signal });
        return {
          accepted: info.accepted,
          rejected: rejectionsOf(info, redact),
        };
      } catch (error) {
        throw redacted(failureOf(error, redact), redact);
      }
    },
    health: (signal) =>
      healthOf(async () => {
        signal.throwIfAborted();
        try {
          await transport.verify();
        } catch (error) {
          throw redacted(failureOf(error, redact), redact);
        }
        return null;
      }),
    close: () => {
      closing.abort(new Error('closed'));
      transport.close();
      return Promise.resolve();
    },
  };
}
