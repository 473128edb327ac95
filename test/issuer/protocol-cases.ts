import { expect } from '@jest/globals';
import { z } from 'zod';
import { challengeOf } from '../../lab/issuer/token.ts';
import { REDIRECT_URI } from './door-stage.ts';
import { OTHER_CLIENT, type IssuerUnderTest } from './issuer-under-test.ts';

/** One thing that every issuer does. */
export interface ProtocolCase {
  readonly title: string;
  readonly run: (issuer: IssuerUnderTest) => Promise<void>;
}

const VERIFIER = 'v'.repeat(43);
const ASKED = {
  ...{ client_id: 'firebreak', redirect_uri: REDIRECT_URI, response_type: 'code' },
  ...{ scope: 'openid', prompt: 'login', max_age: '0', state: 's', nonce: 'n' },
  ...{ code_challenge: challengeOf(VERIFIER), code_challenge_method: 'S256' },
};
/** How long a code is good, for every issuer under test. */
const CODE_SECONDS = 60;

const metadataReply = z.object({
  issuer: z.string(),
  authorization_endpoint: z.url(),
  token_endpoint: z.url(),
  jwks_uri: z.url(),
  response_types_supported: z.array(z.string()),
  id_token_signing_alg_values_supported: z.array(z.string()),
  token_endpoint_auth_methods_supported: z.array(z.string()),
  code_challenge_methods_supported: z.array(z.string()),
  authorization_response_iss_parameter_supported: z.boolean(),
});
const keysReply = z.object({
  keys: z.array(z.object({ kid: z.string(), alg: z.string(), use: z.literal('sig') })),
});
const tokenReply = z.object({ id_token: z.string(), token_type: z.literal('Bearer') });
const idClaims = z.looseObject({
  ...{ iss: z.string(), sub: z.string(), aud: z.string(), nonce: z.string() },
  ...{ auth_time: z.number(), iat: z.number(), exp: z.number() },
});

/** What an issuer says of itself. */
async function metadataOf({ url }: IssuerUnderTest) {
  const reply = await fetch(`${url}/.well-known/openid-configuration`);
  return metadataReply.parse(await reply.json());
}

type Change = Readonly<Record<string, string>>;

/** The address of a question with some of it changed; what is changed to nothing is left out. */
async function addressWith(issuer: IssuerUnderTest, change: Change = {}): Promise<string> {
  const { authorization_endpoint: endpoint } = await metadataOf(issuer);
  const asked = Object.entries({ ...ASKED, ...change }).filter(([, value]) => value !== '');
  return `${endpoint}?${new URLSearchParams(asked).toString()}`;
}

async function codeFor(issuer: IssuerUnderTest, change: Change = {}): Promise<string> {
  const address = await issuer.signIn(await addressWith(issuer, change), 'olga');
  return new URL(address).searchParams.get('code') ?? '';
}

/** How a client says who it is. */
interface Credentials {
  readonly id: string;
  readonly secret: string;
  readonly by?: 'form';
}

/** Asks the token endpoint. */
async function exchange(
  issuer: IssuerUnderTest,
  code: string,
  given: { readonly change?: Change; readonly as?: Credentials } = {},
): Promise<{ readonly status: number; readonly challenge: string | null; readonly body: unknown }> {
  const { id, secret, by } = given.as ?? { id: issuer.clientId, secret: issuer.clientSecret };
  const form = { grant_type: 'authorization_code', code, redirect_uri: REDIRECT_URI };
  const basic = `${encodeURIComponent(id)}:${encodeURIComponent(secret)}`;
  const inForm = by === 'form' ? { client_id: id, client_secret: secret } : {};
  const { token_endpoint: endpoint } = await metadataOf(issuer);
  const reply = await fetch(endpoint, {
    method: 'POST',
    body: new URLSearchParams({ ...form, code_verifier: VERIFIER, ...inForm, ...given.change }),
    headers:
      by === 'form' ? {} : { authorization: `Basic ${Buffer.from(basic).toString('base64')}` },
  });
  const challenge = reply.headers.get('www-authenticate');
  return { status: reply.status, challenge, body: await reply.json() };
}

/** The ID token of a code. */
export async function idTokenOf(
  issuer: IssuerUnderTest,
  asked: { readonly as: Credentials; readonly nonce: string },
): Promise<string> {
  const code = await codeFor(issuer, { client_id: asked.as.id, nonce: asked.nonce });
  return tokenReply.parse((await exchange(issuer, code, { as: asked.as })).body).id_token;
}

function partOf(token: string, at: 0 | 1): unknown {
  return JSON.parse(Buffer.from(token.split('.')[at] ?? '', 'base64url').toString('utf8'));
}

const refusedWith = (error: string) => ({ status: 400, body: expect.objectContaining({ error }) });

/** A question that nobody is sent back from: the client or its address is not known. */
function nowhere(what: string, change: Change): ProtocolCase {
  return {
    title: `a question by ${what} leads nowhere`,
    run: async (issuer) => {
      const reply = await fetch(await addressWith(issuer, change), { redirect: 'manual' });
      expect([reply.status, reply.headers.get('location')]).toEqual([400, null]);
    },
  };
}

/** A question that is answered with an error, and where in the address. */
function toldBack(what: string, change: Change, part: 'search' | 'hash' = 'search'): ProtocolCase {
  return {
    title: `a question ${what} is told to the client`,
    run: async (issuer) => {
      const reply = await fetch(await addressWith(issuer, change), { redirect: 'manual' });
      const address = new URL(reply.headers.get('location') ?? '');
      expect([reply.status, `${address.origin}${address.pathname}`]).toEqual([303, REDIRECT_URI]);
      const error = part === 'hash' ? 'unsupported_response_type' : 'invalid_request';
      const told = new URLSearchParams(address[part].slice(1));
      expect(Object.fromEntries(told)).toEqual({
        ...{ error, iss: issuer.url, state: 's' },
        error_description: expect.any(String),
      });
    },
  };
}

/** A code that is not good for what is asked, and stays good for who asks rightly. */
function notGoodWith(what: string, change: Change, error = 'invalid_grant'): ProtocolCase {
  return {
    title: `a code is not good with ${what}, and stays good for who asks rightly`,
    run: async (issuer) => {
      const code = await codeFor(issuer);
      expect(await exchange(issuer, code, { change })).toMatchObject(refusedWith(error));
      expect(await exchange(issuer, code)).toMatchObject({ status: 200 });
    },
  };
}

/** A client that the token endpoint does not know. */
function unknownClient(what: string, as: Credentials): ProtocolCase {
  return {
    title: `a token is not for ${what}`,
    run: async (issuer) => {
      const reply = await exchange(issuer, await codeFor(issuer), { as });
      const body: unknown = expect.objectContaining({ error: 'invalid_client' });
      const challenge: unknown = as.by === 'form' ? null : expect.stringMatching(/^Basic /u);
      expect(reply).toEqual({ status: 401, challenge, body });
    },
  };
}

const ANSWERS: readonly ProtocolCase[] = [
  {
    title: 'says of itself what Firebreak needs, and shows the keys that it signs with',
    run: async (issuer) => {
      const said = await metadataOf(issuer);
      expect(said.issuer).toBe(issuer.url);
      expect(said).toMatchObject({
        response_types_supported: ['code'],
        code_challenge_methods_supported: ['S256'],
        authorization_response_iss_parameter_supported: true,
      });
      for (const method of ['client_secret_basic', 'client_secret_post']) {
        expect(said.token_endpoint_auth_methods_supported).toContain(method);
      }
      const reply = await fetch(said.jwks_uri);
      expect(reply.headers.get('content-type')).toMatch(/^application\/jwk-set\+json\b/u);
      const { keys } = keysReply.parse(await reply.json());
      expect(keys.map(({ alg }) => alg)).toEqual(said.id_token_signing_alg_values_supported);
    },
  },
  {
    title: 'a code is good for one exchange, and its token says who, for whom and since when',
    run: async (issuer) => {
      const code = await codeFor(issuer);
      const first = await exchange(issuer, code);
      expect(first.status).toBe(200);
      const { id_token: token } = tokenReply.parse(first.body);
      const claims = idClaims.parse(partOf(token, 1));
      expect(claims).toMatchObject({ iss: issuer.url, sub: 'olga', aud: 'firebreak', nonce: 'n' });
      expect(Math.abs(claims.auth_time - Date.now() / 1000)).toBeLessThan(30);
      expect(claims.exp).toBeGreaterThan(claims.iat);
      expect(await exchange(issuer, code)).toMatchObject(refusedWith('invalid_grant'));
    },
  },
  {
    title: 'a code is not good after a minute',
    run: async (issuer) => {
      const code = await codeFor(issuer);
      await issuer.setAhead(CODE_SECONDS + 1);
      expect(await exchange(issuer, code)).toMatchObject(refusedWith('invalid_grant'));
    },
  },
  {
    title: 'a code is not good for another client',
    run: async (issuer) => {
      const code = await codeFor(issuer);
      const reply = await exchange(issuer, code, { as: OTHER_CLIENT });
      expect(reply).toMatchObject(refusedWith('invalid_grant'));
    },
  },
  {
    title: 'a client may send its secret in the form',
    run: async (issuer) => {
      const as = { id: issuer.clientId, secret: issuer.clientSecret, by: 'form' } as const;
      expect(await exchange(issuer, await codeFor(issuer), { as })).toMatchObject({ status: 200 });
    },
  },
  {
    title: 'the keys of before a change are not shown any more',
    run: async (issuer) => {
      const { jwks_uri: address } = await metadataOf(issuer);
      const idsNow = async (): Promise<readonly string[]> =>
        keysReply.parse(await (await fetch(address)).json()).keys.map(({ kid }) => kid);
      const before = await idsNow();
      await issuer.rotate();
      const after = await idsNow();
      expect(after).toHaveLength(before.length);
      expect(after.filter((id) => before.includes(id))).toEqual([]);
    },
  },
  {
    title: 'who declines is told as that',
    run: async (issuer) => {
      const address = new URL(await issuer.signIn(await addressWith(issuer), null));
      expect(Object.fromEntries(address.searchParams)).toMatchObject({
        ...{ error: 'access_denied', state: 's', iss: issuer.url },
      });
    },
  },
  {
    title: 'who has signed in there has to sign in anew when that is asked',
    run: async (issuer) => {
      const cookies = new Map<string, string>();
      for (const subject of ['olga', 'olga', 'sam']) {
        const address = await addressWith(issuer);
        const answer = new URL(await issuer.signIn(address, subject, cookies));
        const { body } = await exchange(issuer, answer.searchParams.get('code') ?? '');
        const { sub } = idClaims.parse(partOf(tokenReply.parse(body).id_token, 1));
        expect(sub).toBe(subject);
      }
    },
  },
];

/** What Firebreak asks of an issuer, and what an issuer refuses whoever asks wrongly. */
export const PROTOCOL_CASES: readonly ProtocolCase[] = [
  ...ANSWERS,
  nowhere('a client that it does not know', { client_id: 'nobody' }),
  nowhere('an address that is not the exact one', { redirect_uri: `${REDIRECT_URI}/` }),
  nowhere('an address of somebody else', { redirect_uri: 'https://evil.example/back' }),
  toldBack('without PKCE', { code_challenge: '', code_challenge_method: '' }),
  toldBack('with a plain challenge', { code_challenge_method: 'plain' }),
  toldBack('with a challenge that is too short', { code_challenge: 'abc' }),
  toldBack('without openid', { scope: 'profile' }),
  toldBack('for a token at once', { response_type: 'id_token' }, 'hash'),
  notGoodWith('another verifier', { code_verifier: 'w'.repeat(43) }),
  notGoodWith('another address', { redirect_uri: `${REDIRECT_URI}/` }),
  notGoodWith('another grant', { grant_type: 'password' }, 'unsupported_grant_type'),
  unknownClient('a client with another secret', { id: 'firebreak', secret: 'guessed' }),
  unknownClient('one with another secret in the form', {
    ...{ id: 'firebreak', secret: 'guessed', by: 'form' },
  }),
  unknownClient('a client that it does not know', { id: 'nobody', secret: 'guessed' }),
];
