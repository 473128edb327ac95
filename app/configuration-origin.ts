import type { Manifest } from '../connectors/connector.ts';
import { configurationSchema } from '../domain/configuration-schema.ts';
import { invariant } from '../domain/error.ts';
import { isJsonObject, type Json } from '../domain/json.ts';
import { isSecretAt } from '../playbooks/schema-problems.ts';
import { fieldOf, type DocumentPath, type YamlDocument } from '../playbooks/yaml-document.ts';
import type { PlacedConfiguration } from './config-file.ts';
import { referenceOf } from './environment-reference.ts';

/** One value of the configuration as it may be shown to people. */
export interface ShownValue {
  /** `instances[0].config.url`. */
  readonly field: string;
  /** As JSON; `(secret)` for secrets and for whatever came from a variable or a file. */
  readonly value: string;
  /** `default`, a place in the file, or the variable or file that the place refers to. */
  readonly from: string;
}

const HIDDEN = '(secret)';

/** The value at a path, or undefined when nothing stands there. */
function valueAt(value: Json, path: DocumentPath): Json | undefined {
  let current: Json | undefined = value;
  for (const part of path) {
    if (Array.isArray(current) && typeof part === 'number') {
      const list: readonly Json[] = current;
      current = list[part];
    } else if (current !== undefined && isJsonObject(current)) {
      current = current[part];
    } else {
      return undefined;
    }
  }
  return current;
}

/** The connector that the instance of a path below its `config` is of. */
function connectorAt(document: YamlDocument, path: DocumentPath): Json | undefined {
  const [first, index, config] = path;
  if (first !== 'instances' || index === undefined || config !== 'config') return undefined;
  return valueAt(document.value, [first, index, 'connector']);
}

function isSecret(
  document: YamlDocument,
  path: DocumentPath,
  manifests: readonly Manifest[],
): boolean {
  const connector = connectorAt(document, path);
  if (connector === undefined) return isSecretAt(configurationSchema, path);
  const manifest = manifests.find(({ name }) => name === connector);
  return manifest === undefined || isSecretAt(manifest.config, path.slice(3));
}

/** Where a value came from, and whether it came by a reference. */
function originOf(document: YamlDocument, path: DocumentPath): { from: string; referred: boolean } {
  for (let length = path.length; length > 0; length -= 1) {
    const start = path.slice(0, length);
    const found = valueAt(document.value, start);
    if (found === undefined) continue;
    const reference = referenceOf(found);
    if (length < path.length && reference === null) break;
    const { file, line, column } = document.problemAt(start, '');
    const place = `${file}:${line.toString()}:${column.toString()}`;
    if (reference === null) return { from: place, referred: false };
    const source = 'env' in reference ? `env ${reference.env}` : `file ${reference.file}`;
    return { from: `${source} (${place})`, referred: true };
  }
  return { from: 'default', referred: false };
}

/** Every leaf of a value with its path; lists of plain values and empty ones are leaves. */
function leavesOf(value: Json, path: DocumentPath): readonly (readonly [DocumentPath, Json])[] {
  const isPlain = (one: Json): boolean => one === null || typeof one !== 'object';
  if (Array.isArray(value)) {
    if (value.every(isPlain)) return [[path, value]];
    return value.flatMap((item: Json, index) => leavesOf(item, [...path, index]));
  }
  if (!isJsonObject(value) || Object.keys(value).length === 0) return [[path, value]];
  return Object.entries(value).flatMap(([key, item]) => leavesOf(item, [...path, key]));
}

function holdsReference(document: YamlDocument, path: DocumentPath): boolean {
  const found = valueAt(document.value, path);
  return Array.isArray(found) && found.some((item: Json) => referenceOf(item) !== null);
}

/** Every value of a configuration with where it came from, in the order of the schema; secrets are not in it. */
export function showConfiguration(
  { configuration, document }: PlacedConfiguration,
  manifests: readonly Manifest[],
): readonly ShownValue[] {
  const plain: unknown = JSON.parse(JSON.stringify(configuration));
  invariant(isJsonObject(plain), 'a configuration is a JSON object');
  return leavesOf(plain, []).map(([path, value]) => {
    const { from, referred } = originOf(document, path);
    // A list of plain values may hold references beside them.
    const hidden =
      referred || holdsReference(document, path) || isSecret(document, path, manifests);
    return { field: fieldOf(path), value: hidden ? HIDDEN : JSON.stringify(value), from };
  });
}
