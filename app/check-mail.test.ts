// Goal: doctor says whether mail would go out signed, to whom, and what to do when not.
// Method: the real connector against the mail twin; DNS is handed in; one change a row.
import { generateKeyPairSync } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { dkimPublicKey } from '../connectors/mail/dkim.ts';
import { createMailTwin, type MailTwin } from '../lab/mail/twin.ts';
import { checkMail, type ResolveTxt } from './check-mail.ts';
import { readConfig, type Config } from './config.ts';
import { EMPTY_CONFIGURATION } from './start.ts';

const pem = (): string =>
  generateKeyPairSync('rsa', { modulusLength: 2048 })
    .privateKey.export({ type: 'pkcs8', format: 'pem' })
    .toString();
const KEY = pem();
const DKIM = { domain: 'lab.test', selector: 'fire', privateKey: KEY };
const ADA = { id: 'ada', name: 'Ada', roles: ['approver-security'], slackUser: null } as const;
const FILE = {
  ...EMPTY_CONFIGURATION,
  mailTo: ['on-call@lab.test'],
  people: [{ ...ADA, roles: [...ADA.roles], mail: 'ada@lab.test' }],
};

let twin: MailTwin;
beforeAll(async () => {
  twin = await createMailTwin({ user: 'fire', password: 'canary-3c' });
});
afterAll(() => twin.close());

const configOf = (change: Partial<NonNullable<Config['mail']>> = {}): Config => ({
  ...readConfig({ flags: {}, environment: {} }),
  mail: {
    url: twin.url.replace('smtp://', 'smtp://fire:canary-3c@'),
    ...{ from: 'Fire <fire@ops.lab.test>', caFile: null, dkim: DKIM },
    ...change,
  },
});
/** DNS with one record under the name that receivers ask for, in two pieces as long keys are. */
const dns =
  (key: string): ResolveTxt =>
  (name) =>
    Promise.resolve(
      name === 'fire._domainkey.lab.test'
        ? [['v=DKIM1; k=rsa; p=', key.slice(0, 200)].concat(key.slice(200))]
        : [],
    );

describe('doctor about mail', () => {
  test('nothing configured is one finding', async () => {
    const config = { ...configOf(), mail: null };
    expect(await checkMail(config, FILE)).toMatchObject([{ ok: true, detail: 'not configured' }]);
  });

  test('everything there', async () => {
    const checks = await checkMail(configOf(), FILE, dns(dkimPublicKey(KEY)));
    expect(checks.filter(({ ok }) => !ok)).toEqual([]);
    expect(checks.map(({ detail }) => detail).join('\n')).toMatch(
      /lets us in\n.*holds the key that we sign with\n[^]*1 of 1 approver as well/u,
    );
  });

  test.each<[string, Partial<NonNullable<Config['mail']>>, ResolveTxt, RegExp]>([
    ['another key in DNS', {}, dns(dkimPublicKey(pem())), /another key/u],
    ['a withdrawn key', {}, dns(''), /another key/u],
    ['no record', {}, () => Promise.resolve([]), /no key/u],
    [
      'no answer of DNS',
      {},
      () => Promise.reject(Object.assign(new Error('x'), { code: 'ENOTFOUND' })),
      /ENOTFOUND/u,
    ],
    ['another sender', { from: 'a@other.test' }, dns(dkimPublicKey(KEY)), /DMARC/u],
    ['a sender that only looks below', { from: 'a@evillab.test' }, dns(''), /DMARC/u],
  ])('%s is a fault of DKIM with its fix', async (...[, change, resolve, words]) => {
    const checks = await checkMail(configOf(change), FILE, resolve);
    const faults = checks.filter(({ ok }) => !ok);
    expect(faults).toMatchObject([{ name: 'dkim' }]);
    expect(faults[0]?.detail).toMatch(words);
    expect(faults[0]?.fix).not.toBeNull();
  });

  test('a wrong password, and a file that is no certificate, are faults; no secret is told', async () => {
    const wrong = configOf({ url: twin.url.replace('smtp://', 'smtp://fire:canary-no@') });
    const noFile = configOf({ caFile: import.meta.filename });
    for (const config of [wrong, noFile]) {
      const checks = await checkMail(config, FILE, dns(dkimPublicKey(KEY)));
      expect(checks.filter(({ ok }) => !ok)).toMatchObject([{ name: 'mail' }]);
      expect(JSON.stringify(checks)).not.toContain('canary');
    }
  });

  test.each([
    [1, '1 address, and of approvals 1 of 1 approver as well'],
    [2, '2 addresses, and of approvals 1 of 1 approver as well'],
  ])('%d that get every mail are counted in words', async (count, detail) => {
    const mailTo = ['on-call@lab.test', 'sam@lab.test'].slice(0, count);
    const checks = await checkMail(configOf({ dkim: null }), { ...FILE, mailTo });
    expect(checks).toContainEqual(expect.objectContaining({ name: 'mail recipients', detail }));
  });

  test('nobody to mail is a fault', async () => {
    const checks = await checkMail(configOf({ dkim: null }), { ...FILE, mailTo: [] });
    expect(checks.filter(({ ok }) => !ok)).toMatchObject([{ name: 'mail recipients' }]);
  });
});
