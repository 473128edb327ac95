import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { AppError } from '../domain/error.ts';

/** Name of the file in the data folder, where no other path is set. */
const NAME = 'HALT';
const REASON_CHARACTERS_MAX = 500;
const NO_REASON = 'no reason is given';

/** Path of the HALT file of an installation. */
export function haltFilePath(settings: {
  readonly dataDir: string;
  readonly haltFile?: string | null;
}): string {
  return settings.haltFile ?? join(settings.dataDir, NAME);
}

/**
 * Reads the HALT file: its text is the reason, null when there is none. A file that is there and cannot be read halts as
 * well: raises `refused`.
 */
export async function readHaltFile(path: string): Promise<string | null> {
  try {
    const text = (await readFile(path, 'utf8')).replaceAll(/\p{Cc}+/gu, ' ').trim();
    return text === '' ? NO_REASON : text.slice(0, REASON_CHARACTERS_MAX);
  } catch (error) {
    // No `instanceof`: an error of Node's own is of another realm under a test runner.
    const isMissing =
      typeof error === 'object' && error !== null && 'code' in error && error.code === 'ENOENT';
    if (isMissing) return null;
    throw new AppError('refused', `The HALT file ${path} cannot be read.`, { cause: error });
  }
}
