import { existsSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { parseEnv } from 'node:util';
import { AppError } from '../domain/error.ts';

/** Variables by name; an empty one counts as unset. */
export type Environment = Readonly<Record<string, string | undefined>>;

const SECRET_FILE_BYTES_MAX = 64 * 1024;

/** The value of a variable, null when it is unset or empty. */
export function given(values: Environment | undefined, name: string): string | null {
  const value = values?.[name];
  return value === undefined || value === '' ? null : value;
}

/** `invalid` about one setting; the sentence goes on after its name. */
export function invalidSetting(name: string, sentence: string, cause?: unknown): AppError {
  return new AppError('invalid', `${name} ${sentence}.`, { field: name, cause });
}

/**
 * The value of a secret: the variable itself, or the content of the file that `<name>_FILE` names.
 * Raises `invalid` when both are set or the file can't be read.
 */
export function readSecret(environment: Environment, name: string): string | null {
  const fileName = `${name}_FILE`;
  const path = given(environment, fileName);
  const direct = given(environment, name);
  if (path === null) return direct;
  if (direct !== null) throw invalidSetting(fileName, `is set beside ${name}; set one of the two`);
  return readSecretFile(path, fileName);
}

/**
 * The content of a file that holds one secret, without its last line end; null when that is nothing. Raises `invalid`,
 * naming the setting and the path, for a file that can't be read or is larger than 64 KiB.
 */
export function readSecretFile(path: string, setting: string): string | null {
  try {
    if (statSync(path).size > SECRET_FILE_BYTES_MAX) throw new Error('larger than 64 KiB');
    const value = readFileSync(path, 'utf8').replace(/\r?\n$/, '');
    return value === '' ? null : value;
  } catch (error) {
    throw invalidSetting(setting, `names a file that cannot be read (${path})`, error);
  }
}

/**
 * The environment of this process, with `./.env` under it: real variables win. For the commands that
 * work on real systems (`start`, `doctor`, `migrate`), never for the demo or the tests.
 */
export function environmentWithFile(folder: string = process.cwd()): Environment {
  const path = join(folder, '.env');
  if (!existsSync(path)) return process.env;
  // An empty variable counts as unset, so it must not hide a line of the file.
  const real = Object.entries(process.env).filter(([, value]) => value !== '');
  return { ...parseEnv(readFileSync(path, 'utf8')), ...Object.fromEntries(real) };
}

/** The environment of this process, without any file. */
export function processEnvironment(): Environment {
  return process.env;
}
