import { generateKeyPairSync, sign, verify } from 'node:crypto';
import { canonicalJson } from '../evidence/digest.ts';

/** A key of this run: what people decide is signed with it, and the worker verifies it. */
export interface TestKey {
  /** The private half, as a data folder keeps it. */
  readonly pem: string;
  readonly sign: (payload: object) => string;
  readonly verify: (payload: object, signature: string) => boolean;
}

/** A fresh key. */
export function createTestKey(): TestKey {
  const { privateKey, publicKey } = generateKeyPairSync('ed25519');
  const bytesOf = (payload: object): Buffer => Buffer.from(canonicalJson(payload));
  return {
    pem: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
    sign: (payload) => sign(null, bytesOf(payload), privateKey).toString('base64'),
    verify: (payload, signature) =>
      verify(null, bytesOf(payload), publicKey, Buffer.from(signature, 'base64')),
  };
}
