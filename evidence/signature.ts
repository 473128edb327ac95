import {
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  sign as signBytes,
  verify as verifyBytes,
  type KeyObject,
} from 'node:crypto';
import { AppError } from '../domain/error.ts';
import { canonicalJson } from './digest.ts';

/** A fresh Ed25519 key pair as PEM text: PKCS #8 and SPKI. */
export interface KeyPair {
  readonly privateKey: string;
  readonly publicKey: string;
}

const SIGNATURE = /^[A-Za-z0-9+/]{86}==$/;

/** Makes a key pair. The private half belongs in a file that only its owner can read. */
export function generateKeyPair(): KeyPair {
  const { privateKey, publicKey } = generateKeyPairSync('ed25519');
  return {
    privateKey: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
    publicKey: publicKey.export({ type: 'spki', format: 'pem' }).toString(),
  };
}

/** The public half of a private key, both as PEM text. Raises `invalid` when it is no Ed25519 key. */
export function publicKeyOf(privateKey: string): string {
  const key = createPublicKey(parse(privateKey, 'private'));
  return key.export({ type: 'spki', format: 'pem' }).toString();
}

/**
 * Ed25519 over the payload's canonical JSON (RFC 8785), base64. Raises `invalid` when the key is no Ed25519 private key
 * in PEM or the payload has no canonical form.
 */
export function sign(payload: unknown, privateKey: string): string {
  const key = parse(privateKey, 'private');
  return signBytes(null, Buffer.from(canonicalJson(payload), 'utf8'), key).toString('base64');
}

/**
 * True when the signature (base64) over the payload's canonical JSON was made by the key's owner; false for anything that
 * is no signature. Raises `invalid` when the key is no Ed25519 public key in PEM or the payload has no canonical form.
 */
export function verify(payload: unknown, signature: string, publicKey: string): boolean {
  const key = parse(publicKey, 'public');
  const bytes = Buffer.from(canonicalJson(payload), 'utf8');
  if (!SIGNATURE.test(signature)) return false;
  return verifyBytes(null, bytes, key, Buffer.from(signature, 'base64'));
}

function parse(pem: string, half: 'private' | 'public'): KeyObject {
  let key: KeyObject;
  try {
    // A private key would serve as a public one here: who verifies must not hold it.
    if (half === 'public' && pem.includes('PRIVATE KEY')) throw new Error('a private key');
    key = half === 'private' ? createPrivateKey(pem) : createPublicKey(pem);
  } catch (error) {
    throw new AppError('invalid', `This is no ${half} key in PEM.`, { cause: error });
  }
  if (key.asymmetricKeyType === 'ed25519') return key;
  throw new AppError('invalid', 'Only Ed25519 keys are used.');
}
