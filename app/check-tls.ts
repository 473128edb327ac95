import { isIP } from 'node:net';
import { isLoopback } from '../domain/loopback.ts';
import type { Config } from './config.ts';
import { check, good, bad, type Check } from './finding.ts';
import { readTlsFiles } from './tls-files.ts';

const NAME = 'tls';
const DAY_MS = 86_400_000;
/** Renewal usually runs a month before the end: a fortnight before it something is wrong with it. */
const LEFT_DAYS_MIN = 14;

function checkHost(
  certificate: ReturnType<typeof readTlsFiles>['certificate'],
  baseUrl: string,
): Check {
  const { hostname } = new URL(baseUrl);
  const name = hostname.replace(/^\[|\]$/gu, '');
  const holds = isIP(name) === 0 ? certificate.checkHost(name) : certificate.checkIP(name);
  if (holds !== undefined) return good('name in the certificate', name);
  const fix = 'Get a certificate for the name that people open, or correct BASE_URL.';
  return bad('name in the certificate', `none for ${name} of BASE_URL`, fix);
}

/** How what comes in is encrypted on its way, and how long the certificate holds. Never raises. */
export async function checkTls(
  { tls, host, trustProxy, baseUrl }: Pick<Config, 'tls' | 'host' | 'trustProxy' | 'baseUrl'>,
  now: Date,
): Promise<readonly Check[]> {
  if (tls === null) {
    if (trustProxy) return [good(NAME, 'ended by a proxy in front (FIREBREAK_TRUST_PROXY)')];
    const only = isLoopback(host) ? 'not needed: nobody but this machine gets in' : 'none';
    return [good(NAME, only)];
  }
  let checks: readonly Check[] = [];
  const read = await check(NAME, 'Put certificate and key there, in PEM.', () => {
    const { certificate } = readTlsFiles(tls, now);
    const days = Math.floor((Date.parse(certificate.validTo) - now.getTime()) / DAY_MS);
    const until = `${days.toString()} days more, until ${certificate.validTo}`;
    const fix = 'Renew it, or look why nobody did.';
    checks = [
      days >= LEFT_DAYS_MIN ? good(NAME, until) : bad(NAME, until, fix),
      ...(baseUrl === null ? [] : [checkHost(certificate, baseUrl)]),
    ];
    return until;
  });
  return read.ok ? checks : [read];
}
