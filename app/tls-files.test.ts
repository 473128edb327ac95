// Goal: a certificate that does not hold stops the start with the variable that is wrong; one that is renewed is served without a restart,
// and what is written half or wrong changes nothing. Method: certificates of the lab in files, the real server on a free port, and
// clients that trust one authority alone.
import { writeFileSync } from 'node:fs';
import { request } from 'node:https';
import { join } from 'node:path';
import { afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import { pino } from 'pino';
import { Registry } from 'prom-client';
import { createTestApi } from '../api/test-api.ts';
import { isAppError } from '../domain/error.ts';
import {
  createAuthority,
  issueCertificate,
  type IssuedCertificate,
} from '../lab/kubernetes/certificate.ts';
import { tempDir } from '../test/harness.ts';
import { checkPort } from './check-machine.ts';
import { checkTls } from './check-tls.ts';
import { entranceOf } from './entrance.ts';
import { readTlsFiles, type TlsFiles } from './tls-files.ts';
import { followTlsFiles, type TlsRenewal } from './tls-renewal.ts';
import { listenWith } from './tls-server.ts';

const authority = createAuthority('lab');
const [first, second] = [issueCertificate(authority, 'one'), issueCertificate(authority, 'two')];
const now = (): Date => new Date();
const DAY_MS = 86_400_000;

let files: TlsFiles;
beforeAll(async () => {
  const folder = await tempDir();
  files = { certFile: join(folder, 'cert.pem'), keyFile: join(folder, 'key.pem') };
});

function write({ cert, key }: { readonly cert: string; readonly key: string }): void {
  writeFileSync(files.certFile, cert);
  writeFileSync(files.keyFile, key, { mode: 0o600 });
}

function refusal(read: () => unknown): readonly [field: string | undefined, message: string] {
  try {
    read();
  } catch (error) {
    if (isAppError(error) && error.code === 'invalid') return [error.field, error.message];
    throw error;
  }
  return [undefined, 'accepted'];
}

describe('the files', () => {
  test.each<[string, Partial<IssuedCertificate> | null, string, RegExp]>([
    ['a certificate that is missing', null, 'TLS_CERT_FILE', /cannot be read/],
    ['an empty one', { cert: '' }, 'TLS_CERT_FILE', /an empty file/],
    ['no certificate', { cert: first.key }, 'TLS_CERT_FILE', /no certificate in PEM/],
    ['no key', { key: first.cert }, 'TLS_KEY_FILE', /no key in PEM/],
    ['the key of another', { key: second.key }, 'TLS_KEY_FILE', /another key/],
  ])('with %s are refused by name', (_name, change, ...[field, message]) => {
    if (change !== null) write({ ...first, ...change });
    const [found, said] = refusal(() => readTlsFiles(files, now()));
    expect([found, said]).toEqual([field, expect.stringMatching(message)]);
    expect(said).not.toContain(first.key.split('\n')[1]);
  });

  test('hold from the beginning of their certificate to its end', () => {
    write(first);
    const { certificate } = readTlsFiles(files, now());
    const [from, to] = [Date.parse(certificate.validFrom), Date.parse(certificate.validTo)];
    for (const [at, message] of [
      [from - 1000, /begins at/],
      [to, /ended at/],
    ] as const) {
      const refused = refusal(() => readTlsFiles(files, new Date(at)));
      expect(refused).toEqual(['TLS_CERT_FILE', expect.stringMatching(message)]);
    }
    expect(refusal(() => readTlsFiles(files, new Date(to - 1000)))[1]).toBe('accepted');
  });
});

/** The common name that a server shows, and what it answers, to a client that trusts the authority alone. */
function visit(url: string): Promise<readonly [name: string, status: number | undefined]> {
  return new Promise((resolve, reject) => {
    const asked = request(`${url}/version`, { ca: authority.cert, agent: false }, (answer) => {
      answer.resume();
      const { socket } = answer;
      const shown =
        'getPeerCertificate' in socket ? Reflect.get(socket, 'getPeerCertificate') : null;
      const certificate: unknown =
        typeof shown === 'function' ? Reflect.apply(shown, socket, []) : {};
      resolve([
        JSON.stringify(certificate).match(/"CN":"(one|two)"/u)?.[1] ?? '',
        answer.statusCode,
      ]);
    });
    asked.once('error', reject);
    asked.end();
  });
}

describe('a server with a certificate', () => {
  const closers: (() => Promise<void>)[] = [];
  const opened = { add: (close: () => Promise<void>) => closers.push(close) };
  afterEach(async () => {
    for (const close of closers.splice(0).reverse()) await close();
  });

  test('speaks TLS and nothing else; its cookies go on no other way', async () => {
    write(first);
    const settings = { host: '127.0.0.1', port: 0, tls: files, log: pino({ level: 'silent' }) };
    const entrance = entranceOf({ host: settings.host, baseUrl: null, tls: files });
    const { app, dependencies } = createTestApi({ entrance });
    await app.close();
    const given = { ...dependencies, metrics: new Registry() };
    const url = await listenWith({ settings, now, opened }, given);
    expect(url).toMatch(/^https:\/\/127\.0\.0\.1:\d+$/u);
    expect(await visit(url)).toEqual(['one', 200]);
    await expect(fetch(url.replace('https:', 'http:'))).rejects.toThrow();
    expect(entrance).toEqual({ encrypted: true, behindProxy: false });
    const finding = await checkPort('127.0.0.1', Number(new URL(url).port), 'https');
    expect(finding.detail).toContain('a Firebreak listens');
  });

  test('follows its files; what does not hold leaves the former there, and is told once', async () => {
    write(first);
    const lines: string[] = [];
    const log = pino({ level: 'info' }, { write: (line: string) => lines.push(line) });
    const started = readTlsFiles(files, now());
    const { cert, key } = started;
    const { app } = createTestApi({ tls: { cert, key } });
    opened.add(() => app.close());
    const url = (await app.listen({ host: '127.0.0.1', port: 0 })).replace('http:', 'https:');
    const renewal: TlsRenewal = followTlsFiles({ files, started, server: app.server, now, log });
    opened.add(() => {
      renewal.stop();
      return Promise.resolve();
    });
    // The certificate is there before its key: a moment that every renewal has.
    write({ cert: second.cert, key: first.key });
    renewal.look();
    renewal.look();
    expect(await visit(url)).toEqual(['one', 200]);
    expect(lines.filter((line) => line.includes('was not renewed'))).toHaveLength(1);
    write(second);
    renewal.look();
    expect(await visit(url)).toEqual(['two', 200]);
    expect(lines.filter((line) => line.includes('was renewed'))).toHaveLength(1);
    renewal.look();
    expect(lines).toHaveLength(2);
  });
});

describe('doctor about TLS', () => {
  const settings = { tls: null, host: '127.0.0.1', trustProxy: false, baseUrl: null };
  const detailsOf = async (change: Partial<Parameters<typeof checkTls>[0]>, at = now()) =>
    (await checkTls({ ...settings, ...change }, at)).map(({ ok, detail }) => [ok, detail]);

  test('says who ends it, until when the certificate holds, and for which name', async () => {
    write(first);
    expect(await detailsOf({})).toEqual([[true, 'not needed: nobody but this machine gets in']]);
    expect(await detailsOf({ trustProxy: true })).toEqual([
      [true, 'ended by a proxy in front (FIREBREAK_TRUST_PROXY)'],
    ]);
    const short: unknown = expect.stringMatching(/^0 days more, until /u);
    expect(await detailsOf({ tls: files })).toEqual([[false, short]]);
    const early = new Date(Date.now() - 20 * DAY_MS);
    expect((await detailsOf({ tls: files }, early))[0]).toEqual([
      false,
      expect.stringContaining('begins at'),
    ]);
    expect(await detailsOf({ tls: files, baseUrl: 'https://127.0.0.1' })).toEqual([
      [false, short],
      [true, '127.0.0.1'],
    ]);
    expect((await detailsOf({ tls: files, baseUrl: 'https://fire.example.com' }))[1]).toEqual([
      ...[false, 'none for fire.example.com of BASE_URL'],
    ]);
  });
});
