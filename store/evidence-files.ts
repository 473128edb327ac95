import { createHash, randomBytes } from 'node:crypto';
import { mkdir, open, readFile, rename, rm } from 'node:fs/promises';
import path from 'node:path';
import { AppError, isAppError } from '../domain/error.ts';

/** Evidence bytes, named by their SHA-256. */
export interface EvidenceFiles {
  /**
   * Stores bytes durably; the same bytes twice are one file. Raises `too_large` past 256 MiB, `unavailable`
   * when the folder cannot be written.
   */
  put(bytes: Uint8Array): Promise<{ readonly sha256: string; readonly bytes: number }>;
  /**
   * The bytes of a digest, hashed again. Raises `not_found`, `unavailable` when they cannot be read, and
   * `internal` naming the digest when they are not what was stored.
   */
  get(sha256: string): Promise<Uint8Array>;
}

/** Longest single piece of evidence. */
export const EVIDENCE_BYTES_MAX = 256 * 1024 * 1024;

const FILE_MODE = 0o600;
const FOLDER_MODE = 0o700;

/** Evidence files below `directory`, which is made when it is first written to. */
export function createEvidenceFiles(directory: string): EvidenceFiles {
  return {
    put: (bytes) => put(directory, bytes),
    get: async (sha256) => {
      const bytes = await read(pathOf(directory, sha256), sha256);
      if (digestOfBytes(bytes) === sha256) return bytes;
      throw new AppError('internal', `The stored evidence ${sha256} was changed on disk.`, {
        details: { sha256 },
      });
    },
  };
}

function digestOfBytes(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}

function pathOf(directory: string, sha256: string): string {
  if (!/^[0-9a-f]{64}$/.test(sha256)) {
    throw new AppError('invalid', 'A digest is 64 lower-case hex digits.', { field: 'sha256' });
  }
  return path.join(directory, sha256.slice(0, 2), sha256);
}

function isMissing(error: unknown): boolean {
  return typeof error === 'object' && error !== null && 'code' in error && error.code === 'ENOENT';
}

async function read(file: string, sha256: string): Promise<Uint8Array> {
  try {
    return await readFile(file);
  } catch (error) {
    throw isMissing(error)
      ? new AppError('not_found', `There is no evidence ${sha256}.`, { cause: error })
      : new AppError('unavailable', 'The evidence folder cannot be read.', { cause: error });
  }
}

/** True when the file is there and whole; a damaged one is written again. */
async function isStored(file: string, sha256: string): Promise<boolean> {
  try {
    return digestOfBytes(await read(file, sha256)) === sha256;
  } catch (error) {
    if (isAppError(error) && error.code === 'not_found') return false;
    throw error;
  }
}

async function put(
  directory: string,
  bytes: Uint8Array,
): Promise<{ readonly sha256: string; readonly bytes: number }> {
  if (bytes.length > EVIDENCE_BYTES_MAX) {
    throw new AppError('too_large', 'This evidence is longer than one file may be.', {
      details: { bytes: bytes.length, bytesMax: EVIDENCE_BYTES_MAX },
    });
  }
  const sha256 = digestOfBytes(bytes);
  const file = pathOf(directory, sha256);
  if (!(await isStored(file, sha256))) {
    try {
      await write(file, bytes);
    } catch (error) {
      throw new AppError('unavailable', 'The evidence folder cannot be written.', { cause: error });
    }
  }
  return { sha256, bytes: bytes.length };
}

/** Whole or not at all, and on the disk before it is answered. */
async function write(file: string, bytes: Uint8Array): Promise<void> {
  const folder = path.dirname(file);
  await mkdir(folder, { recursive: true, mode: FOLDER_MODE });
  const temporary = `${file}.${randomBytes(6).toString('hex')}.part`;
  try {
    const handle = await open(temporary, 'wx', FILE_MODE);
    try {
      await handle.writeFile(bytes);
      await handle.sync();
    } finally {
      await handle.close();
    }
    await rename(temporary, file);
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  }
  await syncFolder(folder);
}

/** A rename lasts through a power cut only once its folder is written. */
async function syncFolder(folder: string): Promise<void> {
  if (process.platform === 'win32') return;
  const handle = await open(folder, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
