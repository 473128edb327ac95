import type { IssuerReport, IssuerSettings } from '../api/issuer.ts';
import type { Configuration } from '../domain/configuration.ts';
import { toAppError } from '../domain/error.ts';
import type { Config } from './config.ts';
import { bad, good, type Check } from './finding.ts';

const NAME = 'issuer';

/** What the issuer says, or why it says nothing. */
async function ask(settings: IssuerSettings): Promise<IssuerReport | Check> {
  const { createIssuer } = await import('../api/issuer.ts');
  try {
    return await createIssuer(settings).check();
  } catch (error) {
    const { message, details } = toAppError(error);
    const reason = details?.['reason'];
    const why = typeof reason === 'string' ? reason : message;
    const fix =
      'Check OIDC_ISSUER, and that its network lets us out. Passwords of our own go on working.';
    return bad(NAME, `OIDC_ISSUER (${settings.issuer}): ${why}`, fix);
  }
}

function checkClient({ client, reason }: IssuerReport, { clientId }: IssuerSettings): Check {
  const name = 'client at the issuer';
  if (client === 'known') return good(name, `it takes our secret as ${clientId}`);
  const fix = 'Check OIDC_CLIENT_ID and OIDC_CLIENT_SECRET against what the issuer shows.';
  return bad(name, `OIDC_CLIENT_SECRET: ${reason ?? 'it does not tell whether it knows us'}`, fix);
}

function checkPeople({ issuer }: IssuerReport, { people }: Pick<Configuration, 'people'>): Check {
  const name = 'people at the issuer';
  const known = people.filter(({ identity }) => identity?.issuer === issuer).length;
  const detail = `${known.toString()} of ${people.length.toString()} people are known there`;
  return known > 0
    ? good(name, detail)
    : bad(name, detail, `Give people their identity: { issuer: ${issuer}, subject: … }.`);
}

/**
 * Whether people can sign in at the issuer: it is asked what it is, and whether it takes our secret. One finding when none is
 * configured. Never raises.
 */
export async function checkIssuer(
  { issuer }: Pick<Config, 'issuer'>,
  configuration: Pick<Configuration, 'people'> | null,
): Promise<readonly Check[]> {
  if (issuer === null) {
    return [good(NAME, 'none: people sign in with passwords of our own')];
  }
  const report = await ask(issuer);
  if ('ok' in report) return [report];
  return [
    good(NAME, `${report.issuer} answers, and sends people back to ${issuer.redirectUri}`),
    checkClient(report, issuer),
    ...(configuration === null ? [] : [checkPeople(report, configuration)]),
  ];
}
