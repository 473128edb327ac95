import { createPrivateKey, createPublicKey, generateKeyPairSync, sign, verify } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { canonicalJson } from '../evidence/digest.ts';

/** Signs people's decisions; held by the API alone. */
export interface ApprovalSigner {
  /** Ed25519 over the payload's canonical JSON, base64. */
  readonly sign: (payload: object) => string;
}

/** Verifies people's decisions; all that a worker needs. */
export interface ApprovalVerifier {
  readonly verify: (payload: object, signature: string) => boolean;
}

const PRIVATE_FILE = 'approval-key.pem';
const PUBLIC_FILE = 'approval-key.pub.pem';

async function readIfThere(path: string): Promise<string | null> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    if (typeof error === 'object' && error !== null && 'code' in error && error.code === 'ENOENT')
      return null;
    throw error;
  }
}

/** The key pair of a data folder, made at the first start; the private half is readable by its owner only. */
export async function approvalKey(dataDir: string): Promise<ApprovalSigner & ApprovalVerifier> {
  const path = join(dataDir, PRIVATE_FILE);
  const known = await readIfThere(path);
  const pem =
    known ??
    generateKeyPairSync('ed25519').privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
  const privateKey = createPrivateKey(pem);
  const publicKey = createPublicKey(privateKey);
  if (known === null) {
    await writeFile(path, pem, { mode: 0o600, flag: 'wx' });
    const shared = publicKey.export({ type: 'spki', format: 'pem' }).toString();
    await writeFile(join(dataDir, PUBLIC_FILE), shared, { mode: 0o644 });
  }
  return {
    sign: (payload) =>
      sign(null, Buffer.from(canonicalJson(payload)), privateKey).toString('base64'),
    verify: (payload, signature) =>
      verify(
        null,
        Buffer.from(canonicalJson(payload)),
        publicKey,
        Buffer.from(signature, 'base64'),
      ),
  };
}
