import { createHash, generateKeyPairSync, sign, type KeyObject } from 'node:crypto';

/** A key that signs ID tokens. */
export interface SigningKey {
  readonly id: string;
  readonly privateKey: KeyObject;
  /** Its public half, as a JWK set shows it. */
  readonly jwk: object;
}

/** How a token is made wrong. */
export interface TokenForgery {
  /** Claims in place of the right ones; null leaves one out. */
  readonly claims?: Readonly<Record<string, unknown>>;
  /** `none`: without a signature; `foreign`: by a key that the issuer never had, under the id of its own. */
  readonly signature?: 'none' | 'foreign';
}

const part = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url');

/** A new key of P-256. */
export function newSigningKey(): SigningKey {
  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const jwk = publicKey.export({ format: 'jwk' });
  const id = createHash('sha256').update(JSON.stringify(jwk)).digest('base64url').slice(0, 16);
  return { id, privateKey, jwk: { ...jwk, kid: id, alg: 'ES256', use: 'sig' } };
}

/** An ID token over these claims, or a wrong one when a forgery asks for that. */
export function idToken(
  claims: Readonly<Record<string, unknown>>,
  key: SigningKey,
  forgery: TokenForgery,
): string {
  const said = Object.entries({ ...claims, ...forgery.claims }).filter(([, one]) => one !== null);
  const { signature: how } = forgery;
  const head = how === 'none' ? { alg: 'none' } : { alg: 'ES256', kid: key.id };
  const text = `${part({ ...head, typ: 'JWT' })}.${part(Object.fromEntries(said))}`;
  if (how === 'none') return `${text}.`;
  const signer = how === 'foreign' ? newSigningKey() : key;
  const bytes = sign('sha256', Buffer.from(text), {
    key: signer.privateKey,
    dsaEncoding: 'ieee-p1363',
  });
  return `${text}.${bytes.toString('base64url')}`;
}

/** The S256 challenge of a PKCE verifier. */
export function challengeOf(verifier: string): string {
  return createHash('sha256').update(verifier).digest('base64url');
}
