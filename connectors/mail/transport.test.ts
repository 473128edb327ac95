// Goal: a password goes over TLS to the relay we trust, and a signed mail verifies as a receiver verifies it.
// Method: the connector against the twin with STARTTLS and a login; a receiver's DKIM check of our own over the bytes that arrived.
import { generateKeyPairSync } from 'node:crypto';
import { rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { createAuthority, issueCertificate } from '../../lab/kubernetes/certificate.ts';
import { verifiesDkim } from '../../lab/mail/dkim.ts';
import { createMailTwin, type MailTwin } from '../../lab/mail/twin.ts';
import { closersAfterEach } from '../../test/closers.ts';
import { actionOf, callContext } from '../test-connector.ts';
import { create } from './index.ts';

const closers = closersAfterEach();

const CONTEXT = callContext();
const INPUT = {
  ...{ to: ['mona@lab.test'], subject: 'Größe', messageId: '<7.opened@firebreak>' },
  ...{ text: '. dots  and  blanks \n\nünï\n\n', html: '<p>ünï</p>' },
};
const AUTHORITY = createAuthority('mail authority');
let files = 0;

async function caFileOf(pem: string): Promise<string> {
  files += 1;
  const path = join(tmpdir(), `firebreak-ca-${process.pid.toString()}-${files.toString()}.pem`);
  await writeFile(path, pem);
  closers.push(() => rm(path));
  return path;
}

async function relay(): Promise<MailTwin> {
  const tls = issueCertificate(AUTHORITY, 'mail relay');
  const twin = await createMailTwin({ user: 'fire', password: 'canary-tls', tls });
  closers.push(() => twin.close());
  return twin;
}

async function sendOver(twin: MailTwin, config: object): Promise<unknown> {
  const url = twin.url.replace('smtp://', 'smtp://fire:canary-tls@');
  const mail = create({ url, from: 'Fire <fire@lab.test>', ...config });
  closers.push(() => mail.close());
  const send = actionOf(mail, 'send');
  const plan = await send.plan(INPUT, CONTEXT);
  return send.apply(INPUT, plan, CONTEXT);
}

const privateKeyOf = (key: {
  export(options: { type: 'pkcs8'; format: 'pem' }): string | Buffer;
}) => key.export({ type: 'pkcs8', format: 'pem' }).toString();

describe('mail over TLS', () => {
  test('turns to TLS, logs in, and sends both parts', async () => {
    const twin = await relay();
    await sendOver(twin, { caFile: await caFileOf(AUTHORITY.cert) });
    expect(twin.received).toMatchObject([{ secure: true, html: '<p>ünï</p>' }]);
  });

  test('a relay that we do not trust gets neither password nor mail', async () => {
    const twin = await relay();
    const other = await caFileOf(createAuthority('another').cert);
    for (const config of [{}, { caFile: other }]) {
      await expect(sendOver(twin, config)).rejects.toMatchObject({ code: 'unavailable' });
    }
    expect(twin.ledger).toEqual([]);
  });

  test.each([
    ['no such file', '/none/ca.pem'],
    ['no certificate', import.meta.filename],
  ])('%s stops the start, naming the field', (_name, caFile) => {
    const config = { url: 'smtp://relay.test', from: 'a@b.test', caFile };
    expect(() => create(config)).toThrow(
      expect.objectContaining({ code: 'invalid', field: 'mail.caFile' }),
    );
  });
});

describe('DKIM', () => {
  test('a receiver verifies our signature, and not that of a changed mail or another key', async () => {
    const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
    const twin = await relay();
    const dkim = { domain: 'lab.test', selector: 'fire', privateKey: privateKeyOf(privateKey) };
    await sendOver(twin, { caFile: await caFileOf(AUTHORITY.cert), dkim });
    const raw = Buffer.from(twin.received[0]?.raw ?? '').toString('latin1');
    const pem = (key: typeof publicKey): string =>
      key.export({ type: 'spki', format: 'pem' }).toString();
    const signer = { domain: 'lab.test', publicKey: pem(publicKey) };
    expect(verifiesDkim(raw, signer)).toBe(true);
    expect(verifiesDkim(raw.replace('blanks', 'blankets'), signer)).toBe(false);
    expect(verifiesDkim(raw.replace('<7.opened', '<8.opened'), signer)).toBe(false);
    expect(verifiesDkim(raw, { ...signer, domain: 'other.test' })).toBe(false);
    const other = generateKeyPairSync('rsa', { modulusLength: 2048 }).publicKey;
    expect(verifiesDkim(raw, { ...signer, publicKey: pem(other) })).toBe(false);
  });

  test.each([
    ['no key', 'canary-key'],
    ['a key of another kind', privateKeyOf(generateKeyPairSync('ed25519').privateKey)],
    ['a short key', privateKeyOf(generateKeyPairSync('rsa', { modulusLength: 512 }).privateKey)],
  ])('%s stops the start, naming the field and not the key', (_name, privateKey) => {
    const dkim = { domain: 'lab.test', selector: 'fire', privateKey };
    const start = (): unknown => create({ url: 'smtp://relay.test', from: 'a@b.test', dkim });
    expect(start).toThrow(
      expect.objectContaining({
        ...{ code: 'invalid', field: 'mail.dkim.privateKey' },
        message: expect.not.stringContaining('canary'),
      }),
    );
  });
});
