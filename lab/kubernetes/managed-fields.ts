import { isJsonObject, type Json, type JsonObject } from '../../domain/json.ts';
import { listAt, recordAt, textAt, withAt } from './object.ts';

/** Who writes, and when: kept for each field that the write sets. */
export interface FieldWriter {
  readonly manager: string;
  /** Empty for the object itself. */
  readonly subresource: string;
  /** RFC 3339. */
  readonly at: string;
}

type Path = readonly string[];

/** Parts of an object whose fields have owners. Bookkeeping of the server has none. */
function owned(object: JsonObject, subresource: string): JsonObject {
  if (subresource === 'status') return { status: object['status'] ?? null };
  const kept = Object.entries(object).filter(
    ([key]) => !['metadata', 'status', 'kind', 'apiVersion'].includes(key),
  );
  const metadata = ['labels', 'annotations'].map((key): [string, Json] => [
    key,
    recordAt(object, 'metadata', key),
  ]);
  return { ...Object.fromEntries(kept), metadata: Object.fromEntries(metadata) };
}

/** Every field with its value. A list is one field here; the real server looks into lists of named items. */
function leavesOf(value: Json, path: Path = []): readonly (readonly [string, string])[] {
  if (isJsonObject(value)) {
    return Object.entries(value).flatMap(([key, member]) => leavesOf(member, [...path, key]));
  }
  return [[JSON.stringify(path), JSON.stringify(value)]];
}

function treeOf(paths: readonly string[]): JsonObject {
  const parse = (path: string): Path => {
    const keys: unknown = JSON.parse(path);
    return Array.isArray(keys) ? keys.map(String) : [];
  };
  return paths.reduce<JsonObject>(
    (tree, path) =>
      withAt(
        tree,
        parse(path).map((key) => `f:${key}`),
        {},
      ),
    {},
  );
}

function pathsOf(tree: JsonObject, path: Path = []): readonly string[] {
  const entries = Object.entries(tree);
  if (entries.length === 0) return path.length === 0 ? [] : [JSON.stringify(path)];
  return entries.flatMap(([key, below]) =>
    pathsOf(isJsonObject(below) ? below : {}, [...path, key.replace(/^f:/, '')]),
  );
}

function entryOf(writer: FieldWriter, paths: readonly string[]): JsonObject {
  return {
    manager: writer.manager,
    operation: 'Update',
    apiVersion: 'v1',
    time: writer.at,
    fieldsType: 'FieldsV1',
    fieldsV1: treeOf(paths),
    ...(writer.subresource === '' ? {} : { subresource: writer.subresource }),
  };
}

function isOf(entry: JsonObject, { manager, subresource }: FieldWriter): boolean {
  return textAt(entry, 'manager') === manager && textAt(entry, 'subresource') === subresource;
}

/**
 * The object with `metadata.managedFields` after a write: whoever changes a field owns it from then on, alone. An
 * equal write changes no owner.
 */
export function withManagedFields(
  old: JsonObject,
  next: JsonObject,
  writer: FieldWriter,
): JsonObject {
  const before = new Map(leavesOf(owned(old, writer.subresource)));
  const after = new Map(leavesOf(owned(next, writer.subresource)));
  const changed = [...after].filter(([path, value]) => before.get(path) !== value);
  const taken = new Set(changed.map(([path]) => path));
  const gone = new Set([...before.keys()].filter((path) => !after.has(path)));
  const known = listAt(old, 'metadata', 'managedFields').filter(isJsonObject);
  const left = (entry: JsonObject): readonly string[] =>
    pathsOf(recordAt(entry, 'fieldsV1')).filter((path) => !taken.has(path) && !gone.has(path));
  const mine = known.find((entry) => isOf(entry, writer));
  const others = known
    .filter((entry) => entry !== mine)
    .flatMap((entry) => {
      const paths = left(entry);
      return paths.length === 0 ? [] : [{ ...entry, fieldsV1: treeOf(paths) }];
    });
  const own = [...(mine ? left(mine) : []), ...taken];
  const entries =
    taken.size === 0
      ? [...others, ...(mine && own.length > 0 ? [{ ...mine, fieldsV1: treeOf(own) }] : [])]
      : [...others, entryOf(writer, own)];
  return withAt(next, ['metadata', 'managedFields'], entries.length === 0 ? undefined : entries);
}
