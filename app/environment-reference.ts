import { toAppError } from '../domain/error.ts';
import { isJsonObject, type Json } from '../domain/json.ts';
import type { DocumentPath, FileProblem, YamlDocument } from '../playbooks/yaml-document.ts';
import { readSecret, type Environment } from './config.ts';

const NAME = /^[A-Za-z_]\w{0,127}$/;

/** A document in which every `{ env: NAME }` stands for that variable, or for the file that `NAME_FILE` names. */
export interface ResolvedDocument {
  readonly document: YamlDocument;
  /** Variables that are not set, or name a file that cannot be read; no value is in a message. */
  readonly problems: readonly FileProblem[];
}

/** Puts the values of variables where a document refers to them, so that no secret has to stand in the file. */
export function resolveEnvironment(
  document: YamlDocument,
  environment: Environment,
): ResolvedDocument {
  const problems: FileProblem[] = [];
  const valueOf = (name: string, path: DocumentPath): Json => {
    try {
      const value = readSecret(environment, name);
      if (value !== null) return value;
      problems.push(document.problemAt(path, `The variable ${name} is not set.`));
    } catch (error) {
      problems.push(document.problemAt(path, toAppError(error).message));
    }
    return null;
  };
  const resolve = (value: Json, path: DocumentPath): Json => {
    if (Array.isArray(value)) {
      return value.map((item: Json, index) => resolve(item, [...path, index]));
    }
    if (!isJsonObject(value)) return value;
    const { env, ...others } = value;
    if (typeof env === 'string' && NAME.test(env) && Object.keys(others).length === 0) {
      return valueOf(env, path);
    }
    return Object.fromEntries(
      Object.entries(value).map(([key, item]) => [key, resolve(item, [...path, key])]),
    );
  };
  return { document: { ...document, value: resolve(document.value, []) }, problems };
}
