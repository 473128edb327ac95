import { isAbsolute } from 'node:path';
import { AppError, toAppError } from '../domain/error.ts';
import { isJsonObject, type Json } from '../domain/json.ts';
import type { DocumentPath, FileProblem, YamlDocument } from '../playbooks/yaml-document.ts';
import { readSecret, readSecretFile, type Environment } from './environment.ts';

const NAME = /^[A-Za-z_]\w{0,127}$/;

/** What a value of the file stands for when it is no value itself. */
export type Reference = { readonly env: string } | { readonly file: string };

/** The reference that a value is; null for any other value. */
export function referenceOf(value: Json): Reference | null {
  if (!isJsonObject(value) || Object.keys(value).length !== 1) return null;
  const { env, file } = value;
  if (typeof env === 'string' && NAME.test(env)) return { env };
  return typeof file === 'string' ? { file } : null;
}

/**
 * A document in which every `{ env: NAME }` stands for that variable (or for the file that `NAME_FILE` names) and every
 * `{ file: /path }` for what that file holds, without its last line end.
 */
export interface ResolvedDocument {
  readonly document: YamlDocument;
  /** Variables that are not set, or name a file that cannot be read; no value is in a message. */
  readonly problems: readonly FileProblem[];
}

/** What a file of the configuration holds. Raises `invalid` for a relative path, and for what cannot be read. */
function readReferredFile(path: string): string {
  if (!isAbsolute(path)) {
    throw new AppError('invalid', `The file ${path} must be named by its whole path.`);
  }
  const value = readSecretFile(path, 'file');
  if (value === null) throw new AppError('invalid', `The file ${path} is empty.`);
  return value;
}

/** Puts the values of variables where a document refers to them, so that no secret has to stand in the file. */
export function resolveEnvironment(
  document: YamlDocument,
  environment: Environment,
): ResolvedDocument {
  const problems: FileProblem[] = [];
  const note = (path: DocumentPath, message: string): null => {
    problems.push(document.problemAt(path, message));
    return null;
  };
  const valueOf = (reference: Reference, path: DocumentPath): Json => {
    try {
      if ('file' in reference) return readReferredFile(reference.file);
      const { env } = reference;
      return readSecret(environment, env) ?? note(path, `The variable ${env} is not set.`);
    } catch (error) {
      return note(path, toAppError(error).message);
    }
  };
  const resolve = (value: Json, path: DocumentPath): Json => {
    if (Array.isArray(value)) {
      return value.map((item: Json, index) => resolve(item, [...path, index]));
    }
    const reference = referenceOf(value);
    if (reference !== null) return valueOf(reference, path);
    if (!isJsonObject(value)) return value;
    return Object.fromEntries(
      Object.entries(value).map(([key, item]) => [key, resolve(item, [...path, key])]),
    );
  };
  return { document: { ...document, value: resolve(document.value, []) }, problems };
}
