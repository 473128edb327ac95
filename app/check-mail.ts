import { Resolver } from 'node:dns/promises';
import { connectorModules } from '../connectors/registry.ts';
import { dkimPublicKey } from '../connectors/mail/dkim.ts';
import type { Configuration } from '../domain/configuration.ts';
import { counted } from '../domain/counted.ts';
import { toAppError } from '../domain/error.ts';
import type { Config } from './config.ts';
import { bad, good, type Check } from './finding.ts';
import { domainOf } from './mail-lane.ts';
import { mailConnectorConfig, type DkimSettings, type MailSettings } from './mail-settings.ts';

const HEALTH_WITHIN_MS = 10_000;
const DNS_WITHIN_MS = 5_000;

/** The TXT records of a name, each in its pieces. Raises what the resolver raises. */
export type ResolveTxt = (name: string) => Promise<readonly (readonly string[])[]>;

const resolveTxt: ResolveTxt = (name) =>
  new Resolver({ timeout: DNS_WITHIN_MS, tries: 1 }).resolveTxt(name);

/** Whether the relay answers, over TLS where it must, and lets us in. */
async function checkRelay(mail: MailSettings): Promise<Check> {
  const module = connectorModules.find(({ manifest }) => manifest.name === 'mail');
  const fix = 'Check SMTP_URL, its user and password, and SMTP_CA_FILE (docs/mail.md).';
  try {
    if (module === undefined) return bad('mail', 'there is no connector for it', fix);
    const connector = (await module.load()).create(mailConnectorConfig(mail));
    try {
      const health = await connector.health(AbortSignal.timeout(HEALTH_WITHIN_MS));
      const isIn = health.reachable && health.missing.length === 0;
      return isIn
        ? good('mail', 'the relay answers and lets us in')
        : bad('mail', health.problem ?? 'does not let us in', fix);
    } finally {
      await connector.close();
    }
  } catch (error) {
    return bad('mail', toAppError(error).message, fix);
  }
}

/** The public key of a DKIM record; null when the record holds none. */
function keyOfRecord(record: string): string | null {
  const key = /(?:^|;)\s*p=([^;]*)/.exec(record)?.[1]?.replace(/\s+/g, '') ?? '';
  return key === '' ? null : key;
}

/** Whether receivers find the key that we sign with, and whether it speaks for the sender. */
async function checkDkim(
  { domain, selector, privateKey }: DkimSettings,
  from: string,
  resolve: ResolveTxt,
): Promise<Check> {
  const name = `${selector}._domainkey.${domain}`;
  const key = dkimPublicKey(privateKey);
  const fix = `Publish the TXT record ${name} with: v=DKIM1; k=rsa; p=${key}`;
  const host = domainOf(from).toLowerCase();
  if (!`.${host}`.endsWith(`.${domain.toLowerCase()}`)) {
    const detail = `${domain} signs, but mail comes from ${host}: DMARC does not count that.`;
    return bad('dkim', detail, 'Sign for the domain of MAIL_FROM or one above it.');
  }
  try {
    const keys = (await resolve(name)).map((pieces) => keyOfRecord(pieces.join('')));
    if (keys.includes(key)) return good('dkim', `${name} holds the key that we sign with`);
    return bad('dkim', `${name} holds ${keys.length === 0 ? 'no' : 'another'} key.`, fix);
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : 'no answer';
    return bad('dkim', `${name} cannot be looked up (${code}).`, fix);
  }
}

/** Who would be mailed: nothing is broken when approvers have no address, but nobody should have to guess. */
function checkRecipients({ mailTo, people }: Configuration): readonly Check[] {
  if (mailTo.length === 0) {
    const detail = 'SMTP_URL is set, but nobody gets mail: mail is off.';
    return [bad('mail recipients', detail, 'Name them as mailTo in the configuration file.')];
  }
  const approvers = people.filter(({ roles }) =>
    roles.some((role) => role.startsWith('approver-')),
  );
  const known = approvers.filter(({ mail }) => mail !== null).length;
  const addresses = counted(mailTo.length, 'address', 'addresses');
  const also = `${known.toString()} of ${counted(approvers.length, 'approver')}`;
  const detail = `${addresses}, and of approvals ${also} as well`;
  return [good('mail recipients', detail)];
}

/** What `start` needs for mail; one finding when it is not configured. Never raises. */
export async function checkMail(
  { mail, baseUrl }: Config,
  configuration: Configuration | null,
  resolve: ResolveTxt = resolveTxt,
): Promise<readonly Check[]> {
  if (mail === null) return [good('mail', 'not configured')];
  const [relay, dkim] = await Promise.all([
    checkRelay(mail),
    mail.dkim === null
      ? good('dkim', 'not signed here: the relay does it, or nobody')
      : checkDkim(mail.dkim, mail.from, resolve),
  ]);
  const links =
    baseUrl === null
      ? { ...good('links in mail', 'none: mail names commands'), fix: 'Set BASE_URL.' }
      : good('links in mail', `to ${baseUrl}`);
  return [relay, dkim, links, ...(configuration === null ? [] : checkRecipients(configuration))];
}
