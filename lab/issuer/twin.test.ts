// Goal: the twin refuses what an issuer refuses, so that a client that passes here asked rightly. Method: one thing wrong a row, over HTTP.
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { challengeOf } from './token.ts';
import { createIssuerTwin, type IssuerTwin } from './twin.ts';

const BACK = 'https://firebreak.example.com/back';
const VERIFIER = 'v'.repeat(43);
const ASKED = {
  ...{ client_id: 'firebreak', redirect_uri: BACK, response_type: 'code', scope: 'openid' },
  ...{
    state: 's',
    nonce: 'n',
    code_challenge: challengeOf(VERIFIER),
    code_challenge_method: 'S256',
  },
};

let twin: IssuerTwin;
let nowMs = Date.parse('2026-11-27T10:00:00Z');
beforeAll(async () => {
  twin = await createIssuerTwin({ redirectUris: [BACK], now: () => new Date(nowMs) });
});
afterAll(() => twin.close());

const addressWith = (change: Readonly<Record<string, string>> = {}): string =>
  `${twin.url}/authorize?${new URLSearchParams({ ...ASKED, ...change }).toString()}`;

async function codeFor(subject = 'olga'): Promise<string> {
  const address = new URL(await twin.signIn(addressWith(), subject));
  return address.searchParams.get('code') ?? '';
}

async function exchange(
  code: string,
  change: Readonly<Record<string, string>> = {},
  secret = twin.clientSecret,
): Promise<{ readonly status: number; readonly body: Readonly<Record<string, unknown>> }> {
  const form = { grant_type: 'authorization_code', code, redirect_uri: BACK, ...change };
  const credentials = `${twin.clientId}:${encodeURIComponent(secret)}`;
  const reply = await fetch(`${twin.url}/token`, {
    method: 'POST',
    body: new URLSearchParams({ code_verifier: VERIFIER, ...form }),
    headers: { authorization: `Basic ${Buffer.from(credentials).toString('base64')}` },
  });
  const body: unknown = await reply.json();
  return { status: reply.status, body: { ...(typeof body === 'object' ? body : {}) } };
}

describe('asking', () => {
  test.each([
    ['another client', { client_id: 'other' }],
    ['an address that is not the exact one', { redirect_uri: `${BACK}/` }],
    ['an address of somebody else', { redirect_uri: 'https://evil.example/back' }],
  ])('by %s leads nowhere', async (_name, change) => {
    const reply = await fetch(addressWith(change), { redirect: 'manual' });
    expect([reply.status, reply.headers.get('location')]).toEqual([400, null]);
  });

  test.each([
    ['without PKCE', { code_challenge: '' }, 'invalid_request'],
    ['with a plain challenge', { code_challenge_method: 'plain' }, 'invalid_request'],
    ['for a token at once', { response_type: 'id_token' }, 'unsupported_response_type'],
    ['without openid', { scope: 'profile' }, 'invalid_scope'],
  ])('%s is told to the client', async (_name, change, error) => {
    const reply = await fetch(addressWith(change), { redirect: 'manual' });
    const address = new URL(reply.headers.get('location') ?? '');
    expect(Object.fromEntries(address.searchParams)).toEqual({ error, iss: twin.url, state: 's' });
  });
});

describe('a code', () => {
  test('is good for one exchange', async () => {
    const code = await codeFor();
    expect(await exchange(code)).toMatchObject({ status: 200, body: { token_type: 'Bearer' } });
    expect(await exchange(code)).toEqual({ status: 400, body: { error: 'invalid_grant' } });
  });

  test.each([
    ['another verifier', { code_verifier: 'w'.repeat(43) }, 'invalid_grant'],
    ['another address', { redirect_uri: `${BACK}/` }, 'invalid_grant'],
    ['another grant', { grant_type: 'password' }, 'unsupported_grant_type'],
  ])('is not good with %s', async (_name, change, error) => {
    expect(await exchange(await codeFor(), change)).toEqual({ status: 400, body: { error } });
  });

  test('is not good with another secret, nor after a minute', async () => {
    const code = await codeFor();
    expect(await exchange(code, {}, 'guessed')).toMatchObject({ status: 401 });
    nowMs += 60_001;
    expect(await exchange(code)).toEqual({ status: 400, body: { error: 'invalid_grant' } });
  });
});
