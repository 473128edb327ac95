import { readFileSync } from 'node:fs';
import { AppError } from '../../domain/error.ts';
import { defineAction, parseWith, type Connector } from '../connector.ts';
import { createMailClient } from './client.ts';
import { dkimKeyProblem } from './dkim.ts';
import { mailConfig, type MailConfig } from './manifest.ts';
import { send } from './send.ts';

/** The PEM of an authority. Raises `invalid` naming the field. */
function authorityOf({ caFile }: MailConfig): string | null {
  if (caFile === undefined) return null;
  const field = 'mail.caFile';
  let pem: string;
  try {
    pem = readFileSync(caFile, 'utf8');
  } catch (cause) {
    throw new AppError('invalid', `The file ${caFile} cannot be read.`, { field, cause });
  }
  if (pem.includes('-----BEGIN CERTIFICATE-----')) return pem;
  throw new AppError('invalid', `The file ${caFile} holds no certificate in PEM.`, { field });
}

/** A mail connector from its configuration. Raises `invalid` naming the field, also for a file or a key that is no good. */
export function create(config: unknown): Connector {
  const parsed = parseWith(mailConfig, config, { code: 'invalid', name: 'mail' });
  const problem = parsed.dkim === undefined ? null : dkimKeyProblem(parsed.dkim.privateKey);
  if (problem !== null) {
    const field = 'mail.dkim.privateKey';
    throw new AppError('invalid', `The key of DKIM ${problem}.`, { field });
  }
  const client = createMailClient(parsed, authorityOf(parsed));
  return {
    name: 'mail',
    probes: {},
    actions: { send: defineAction(send(client)) },
    health: (signal) => client.health(signal),
    close: () => client.close(),
  };
}
