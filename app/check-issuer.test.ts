// Goal: doctor says whether people can sign in at the issuer, which variable is wrong when not, and gives no secret away.
// Method: the issuer of the lab, one change a row.
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { IssuerSettings } from '../api/issuer.ts';
import { createIssuerTwin, type IssuerTwin } from '../lab/issuer/twin.ts';
import { checkIssuer } from './check-issuer.ts';
import { EMPTY_CONFIGURATION } from './start.ts';

const REDIRECT_URI = 'https://firebreak.example.com/login/issuer/callback';
const ADA = { id: 'ada', name: 'Ada', roles: ['viewer'], slackUser: null, mail: null } as const;

let twin: IssuerTwin;
beforeAll(async () => {
  twin = await createIssuerTwin({ redirectUris: [REDIRECT_URI] });
});
afterAll(() => twin.close());

const checksOf = (change: Partial<IssuerSettings> = {}, issuerOfAda = twin.url) => {
  const { url: issuer, clientId, clientSecret } = twin;
  const settings = { issuer, clientId, clientSecret, redirectUri: REDIRECT_URI, ...change };
  const identity = { issuer: issuerOfAda, subject: 'ada' };
  const people = [
    { ...ADA, identity },
    { ...ADA, id: 'bob' },
  ];
  return checkIssuer({ issuer: settings }, { ...EMPTY_CONFIGURATION, people });
};

describe('doctor about the issuer', () => {
  test('none is one finding, and nothing is asked', async () => {
    expect(await checkIssuer({ issuer: null }, null)).toEqual([
      {
        ...{ name: 'issuer', ok: true, fix: null },
        detail: 'none: people sign in with passwords of our own',
      },
    ]);
  });

  test('everything there', async () => {
    const checks = await checksOf();
    expect(checks.map(({ name, ok, detail }) => [name, ok, detail])).toEqual([
      ['issuer', true, `${twin.url} answers, and sends people back to ${REDIRECT_URI}`],
      ['client at the issuer', true, 'it takes our secret as firebreak'],
      ['people at the issuer', true, '1 of 2 people are known there'],
    ]);
  });

  test.each<[string, () => ReturnType<typeof checksOf>, string]>([
    [
      'an issuer that is not there',
      () => checksOf({ issuer: 'http://127.0.0.1:9' }),
      'OIDC_ISSUER (http://127.0.0.1:9): it cannot be reached',
    ],
    [
      'a wrong secret',
      () => checksOf({ clientSecret: 'canary-7f' }),
      'OIDC_CLIENT_SECRET: its token endpoint takes neither our client id nor our secret',
    ],
    [
      'nobody known, for a letter of its name',
      () => checksOf({}, `${twin.url}/`),
      '0 of 2 people are known there',
    ],
  ])('%s is a fault with its fix', async (_name, checks, detail) => {
    const faults = (await checks()).filter(({ ok }) => !ok);
    expect(faults).toHaveLength(1);
    expect(faults[0]?.detail).toContain(detail);
    expect(faults[0]?.fix).not.toBeNull();
    expect(JSON.stringify(faults)).not.toContain('canary-7f');
  });
});
