import { readFile } from 'node:fs/promises';
import { AppError } from '../domain/error.ts';

/** The token that a file holds now. Raises `unauthorized` when it cannot be read or is empty. */
export async function readTokenFile(path: string): Promise<string> {
  const refused = (what: string): AppError =>
    new AppError('unauthorized', `The token file ${path} ${what}.`, {
      permission: 'a valid credential',
    });
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch {
    throw refused('cannot be read');
  }
  const token = text.trim();
  if (token === '') throw refused('is empty');
  return token;
}
