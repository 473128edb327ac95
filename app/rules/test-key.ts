import { generateKeyPairSync, sign, verify } from 'node:crypto';
import { canonicalJson } from '../../evidence/digest.ts';
import type { ApprovalSigner, ApprovalVerifier } from '../approval-key.ts';

/** A key pair in memory, for tests. */
export function testKey(): ApprovalSigner & ApprovalVerifier {
  const { privateKey, publicKey } = generateKeyPairSync('ed25519');
  const bytes = (payload: object): Buffer => Buffer.from(canonicalJson(payload));
  return {
    sign: (payload) => sign(null, bytes(payload), privateKey).toString('base64'),
    verify: (payload, signature) =>
      verify(null, bytes(payload), publicKey, Buffer.from(signature, 'base64')),
  };
}
