import { open } from 'node:fs/promises';
import { AppError } from '../domain/error.ts';
import { DOCUMENT_BYTES_MAX } from './yaml-document.ts';

/** Why a file cannot be read, in words; anything else is told by its code. */
const REASONS: ReadonlyMap<unknown, string> = new Map([
  ['ENOENT', 'there is no such file'],
  ['ENOTDIR', 'part of its path is no folder'],
  ['EISDIR', 'it is a folder'],
  ['EACCES', 'this account may not read it'],
  ['ELOOP', 'its links lead in a circle'],
]);

function unreadable(path: string, cause: unknown): AppError {
  const code: unknown =
    typeof cause === 'object' && cause !== null && 'code' in cause ? cause.code : '';
  const reason = REASONS.get(code) ?? String(code);
  return new AppError('invalid', `${path} cannot be read: ${reason}.`, { field: path, cause });
}

/** At most one byte more than a document may have: what is larger, or never ends, is not kept. */
async function readBytes(path: string): Promise<Uint8Array> {
  const file = await open(path, 'r');
  try {
    const buffer = Buffer.alloc(DOCUMENT_BYTES_MAX + 1);
    let length = 0;
    while (length < buffer.byteLength) {
      const { bytesRead } = await file.read(buffer, length, buffer.byteLength - length);
      if (bytesRead === 0) break;
      length += bytesRead;
    }
    return buffer.subarray(0, length);
  } finally {
    await file.close();
  }
}

/**
 * The text of a file that a person wrote for us. Raises `invalid` naming it, with the reason, when it cannot be read
 * or is not UTF-8, and `too_large` past 256 KiB.
 */
export async function readTextFile(path: string): Promise<string> {
  let bytes: Uint8Array;
  try {
    bytes = await readBytes(path);
  } catch (error) {
    throw unreadable(path, error);
  }
  if (bytes.byteLength > DOCUMENT_BYTES_MAX) {
    throw new AppError('too_large', `${path}: the file is larger than 256 KiB.`, { field: path });
  }
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch (error) {
    throw new AppError('invalid', `${path}: the file is not UTF-8.`, { field: path, cause: error });
  }
}
