// Goal: each way that a configuration names lets a connector in, renewed credentials included, and none of them gets into
// a message. Method: a real server, a TLS front with an authority of its own, a forward proxy and a token endpoint.
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { z } from 'zod';
import { createFaultPlan } from '../lab/fault.ts';
import { startForwardProxy } from '../lab/forward-proxy.ts';
import { createAuthority, issueCertificate } from '../lab/kubernetes/certificate.ts';
import { startTlsFront, type TlsFront } from '../lab/kubernetes/tls-front.ts';
import { startTwin, type Twin, type TwinHandler, type TwinReply } from '../lab/twin.ts';
import { httpAccessConfig } from './http-access-config.ts';
import { openHttpAccess } from './http-access.ts';
import { createHttpClient, healthContext } from './http.ts';
import { failureOf } from './test-connector.ts';

const CLIENT_SECRET = 'canary secret/1+2%';
const CLIENT = { clientId: 'fire:break', clientSecret: CLIENT_SECRET };
const reply = z.object({ auth: z.string().nullable() });

let folder: string;
let ended: (() => Promise<void>)[];

beforeEach(async () => {
  ended = [];
  folder = await mkdtemp(join(tmpdir(), 'firebreak-access-'));
});
afterEach(async () => {
  for (const end of ended.reverse()) await end();
  await rm(folder, { recursive: true });
});

function later<T extends { close(): Promise<void> }>(opened: T): T {
  ended.push(() => opened.close());
  return opened;
}

async function serve(handler: TwinHandler): Promise<Twin> {
  return later(await startTwin({ name: 'system', faults: createFaultPlan(), handler }));
}

/** A system that says how it was asked, and knows only these credentials. */
function system(known: () => readonly string[]): Promise<Twin> {
  return serve(({ headers }) => {
    const { authorization } = headers;
    return authorization === undefined || known().includes(authorization)
      ? { status: 200, body: { auth: authorization ?? null } }
      : { status: 401, body: `who is ${authorization}?` };
  });
}

/** Asks once, with a client made of this configuration. */
function ask(config: unknown): () => Promise<string | null> {
  const access = openHttpAccess(httpAccessConfig.parse(config), 'System');
  const client = later(createHttpClient({ ...access, name: 'System' }));
  const call = { method: 'GET', path: ['thing'], schema: reply } as const;
  return async () =>
    (await client.call(call, healthContext(AbortSignal.timeout(10_000)))).value.auth;
}

async function file(name: string, text: string): Promise<string> {
  const path = join(folder, name);
  await writeFile(path, text);
  return path;
}

test('token, login and nothing are sent as they are', async () => {
  const login = `Basic ${Buffer.from('ada:pass:word').toString('base64')}`;
  const { url } = await system(() => ['Bearer fixed', login]);
  expect(await ask({ url })()).toBeNull();
  expect(await ask({ url, token: 'fixed' })()).toBe('Bearer fixed');
  expect(await ask({ url, username: 'ada', password: 'pass:word' })()).toBe(login);
});

test('a token file is read again, and what was refused is not shown', async () => {
  const { url } = await system(() => ['Bearer second']);
  const tokenFile = await file('token', 'canary-first\n');
  const once = ask({ url, tokenFile });
  const refused = await failureOf(once());
  expect(refused.code).toBe('unauthorized');
  expect(refused.message).toContain('who is');
  expect(refused.message).not.toContain('canary-first');
  await file('token', 'second');
  expect(await once()).toBe('Bearer second');
});

describe('OAuth 2.0 client credentials', () => {
  let asked: string[];
  let answers: TwinReply[];
  let known: string[];

  const token = (text: string, seconds?: number): TwinReply => ({
    status: 200,
    body: {
      access_token: text,
      token_type: 'Bearer',
      ...(seconds === undefined ? {} : { expires_in: seconds }),
    },
  });

  async function ready(more: object = {}): Promise<() => Promise<string | null>> {
    asked = [];
    known = ['Bearer canary-1', 'Bearer canary-2'];
    const endpoint = await serve(({ url, headers, body }) => {
      asked.push(`${url.pathname} ${headers.authorization ?? ''} ${body.toString()}`);
      return answers.shift() ?? { status: 500 };
    });
    const { url } = await system(() => known);
    const tokenUrl = `${endpoint.url}/realms/a/token`;
    return ask({ url, oauth2: { tokenUrl, ...CLIENT, ...more } });
  }

  test('one token serves many requests, asked for as the specification says', async () => {
    answers = [token('canary-1', 60)];
    const once = await ready({ scope: 'read write', audience: 'registry' });
    expect(await Promise.all([once(), once(), once()])).toEqual(Array(3).fill('Bearer canary-1'));
    expect(await once()).toBe('Bearer canary-1');
    const pair = Buffer.from('fire%3Abreak:canary+secret%2F1%2B2%25').toString('base64');
    const form = 'grant_type=client_credentials&scope=read+write&audience=registry';
    expect(asked).toEqual([`/realms/a/token Basic ${pair} ${form}`]);
  });

  test('a token that has expired, and one that is refused early, are replaced', async () => {
    answers = [token('canary-1', 0), token('canary-2', 600), token('canary-3', 600)];
    const once = await ready();
    expect(await once()).toBe('Bearer canary-1');
    expect(await once()).toBe('Bearer canary-2');
    known = ['Bearer canary-3'];
    expect(await once()).toBe('Bearer canary-3');
    expect(asked).toHaveLength(3);
  });

  test.each<[string, TwinReply, string, string]>([
    [
      'invalid_client',
      { status: 401, body: { error: 'invalid_client' } },
      'unauthorized',
      'client',
    ],
    ['a wrong scope', { status: 400, body: { error: 'invalid_scope' } }, 'unauthorized', 'scope'],
    ['a 404', { status: 404 }, 'unavailable', 'No token'],
    ['trouble', { status: 503 }, 'unavailable', '503'],
    [
      'another kind',
      { status: 200, body: { access_token: 'x', token_type: 'mac' } },
      'unavailable',
      'No token',
    ],
  ])('%s of the token endpoint is told, without the secret', async (...values) => {
    const [, answer, code, words] = values;
    answers = [answer];
    const error = await failureOf((await ready())());
    expect(error.code).toBe(code);
    expect(error.message).toContain(words);
    expect(error.message).not.toContain('canary');
  });
});

describe('TLS', () => {
  const authority = createAuthority('lab authority');
  let front: TlsFront;

  beforeEach(async () => {
    const { url } = await system(() => ['Bearer of-alice']);
    const tokens = { alice: 'of-alice' };
    front = later(await startTlsFront({ twinUrl: url, authority, tokens }));
  });

  async function client(signer = authority): Promise<{ certFile: string; keyFile: string }> {
    const { cert, key } = issueCertificate(signer, 'alice');
    return { certFile: await file('me.pem', cert), keyFile: await file('me.key', key) };
  }

  test('an authority of one’s own is trusted when it is named, and only then', async () => {
    expect((await failureOf(ask({ url: front.url })())).code).toBe('unavailable');
    const caFile = await file('ca.pem', authority.cert);
    expect(await ask({ url: front.url, caFile })()).toBeNull();
    const other = await file('other.pem', createAuthority('another').cert);
    expect((await failureOf(ask({ url: front.url, caFile: other })())).code).toBe('unavailable');
  });

  test('a client certificate lets in; one that was renewed needs no restart', async () => {
    const caFile = await file('ca.pem', authority.cert);
    const config = { url: front.url, caFile, ...(await client(createAuthority('another'))) };
    const once = ask(config);
    expect(await once()).toBeNull();
    await client();
    expect(await once()).toBe('Bearer of-alice');
  });

  test('a file that is missing is named', async () => {
    const caFile = join(folder, 'none.pem');
    const error = await failureOf(ask({ url: front.url, caFile })());
    expect(error).toMatchObject({ code: 'invalid', field: 'caFile' });
    expect(error.message).toContain(caFile);
  });

  test('a proxy with a login carries TLS in a tunnel, and our certificate ends behind it', async () => {
    const proxy = later(await startForwardProxy({ name: 'ada', password: 'canary@1' }));
    const caFile = await file('ca.pem', authority.cert);
    const config = { url: front.url, caFile, ...(await client()) };
    const through = proxy.url.replace('//', '//ada:canary%401@');
    expect(await ask({ ...config, proxy: through })()).toBe('Bearer of-alice');
    expect(proxy.passed).toEqual([`CONNECT ${new URL(front.url).host}`]);
    const refused = await failureOf(ask({ ...config, proxy: proxy.url })());
    expect(refused.code).toBe('unavailable');
    expect(refused.message).not.toContain('canary');
  });
});

test('a proxy carries plain HTTP as it is, also to the token endpoint', async () => {
  const proxy = later(await startForwardProxy());
  const endpoint = await serve(() => ({
    status: 200,
    body: { access_token: 'one', token_type: 'bearer', expires_in: 60 },
  }));
  const { url } = await system(() => ['Bearer one']);
  const oauth2 = { tokenUrl: `${endpoint.url}/token`, ...CLIENT };
  expect(await ask({ url, oauth2, proxy: proxy.url })()).toBe('Bearer one');
  expect(proxy.passed).toEqual([`POST ${endpoint.url}/token`, `GET ${url}/thing`]);
});

test.each<[string, object, RegExp]>([
  ['two ways in', { token: 'a', oauth2: { tokenUrl: 'https://a', ...CLIENT } }, /one way too many/],
  ['a user without password', { username: 'ada' }, /come together/],
  ['a certificate without key', { certFile: '/a' }, /come together/],
  ['a user in the address', { url: 'https://ada:pw@example.com' }, /fields of their own/],
  ['a SOCKS proxy', { proxy: 'socks5://127.0.0.1:1' }, /Invalid URL/],
])('%s is refused', (_name, more, message) => {
  const parsed = httpAccessConfig.safeParse({ url: 'https://example.com', ...more });
  expect(parsed.error?.issues[0]?.message).toMatch(message);
});
