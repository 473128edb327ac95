import {
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  sign,
  verify,
  type KeyObject,
} from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { AppError } from '../domain/error.ts';
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

function verifierOf(publicKey: KeyObject): ApprovalVerifier {
  return {
    verify: (payload, signature) => {
      const bytes = Buffer.from(canonicalJson(payload));
      return verify(null, bytes, publicKey, Buffer.from(signature, 'base64'));
    },
  };
}

/**
 * The API's key pair, made at its first start; the private half is readable by its owner only. Raises `invalid` for a
 * file that holds no key, and when the public half is there alone: another pair would make everything that was signed
 * worthless.
 */
export async function approvalKey(dataDir: string): Promise<ApprovalSigner & ApprovalVerifier> {
  const path = join(dataDir, PRIVATE_FILE);
  const publicPath = join(dataDir, PUBLIC_FILE);
  const [known, shared] = await Promise.all([readIfThere(path), readIfThere(publicPath)]);
  if (known === null && shared !== null) {
    throw new AppError(
      'invalid',
      `${publicPath} is there, and ${PRIVATE_FILE} beside it is not: bring it back, or start this process with --role worker.`,
      { field: 'FIREBREAK_DATA_DIR' },
    );
  }
  const privateKey = known === null ? await makeKey(path) : readKey(createPrivateKey, path, known);
  const publicKey = createPublicKey(privateKey);
  if (shared === null) {
    await writeFile(publicPath, publicKey.export({ type: 'spki', format: 'pem' }), { mode: 0o644 });
  }
  return {
    sign: (payload) =>
      sign(null, Buffer.from(canonicalJson(payload)), privateKey).toString('base64'),
    ...verifierOf(publicKey),
  };
}

async function makeKey(path: string): Promise<KeyObject> {
  const { privateKey } = generateKeyPairSync('ed25519');
  const pem = privateKey.export({ type: 'pkcs8', format: 'pem' });
  await writeFile(path, pem, { mode: 0o600, flag: 'wx' });
  return privateKey;
}

function readKey(read: (pem: string) => KeyObject, path: string, pem: string): KeyObject {
  try {
    return read(pem);
  } catch (cause) {
    throw new AppError('invalid', `${path} holds no key.`, { field: 'FIREBREAK_DATA_DIR', cause });
  }
}

/**
 * What a worker verifies with: the public half that the API's first start left in the data folder. Raises `invalid`
 * when there is none; a worker makes no key.
 */
export async function approvalVerifier(dataDir: string): Promise<ApprovalVerifier> {
  const path = join(dataDir, PUBLIC_FILE);
  const pem = await readIfThere(path);
  if (pem !== null) return verifierOf(readKey(createPublicKey, path, pem));
  throw new AppError(
    'invalid',
    `${path} is missing: start the API first, and give this process its public key.`,
    { field: 'FIREBREAK_DATA_DIR' },
  );
}
