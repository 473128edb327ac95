import { isJsonObject, type Json, type JsonObject } from '../../domain/json.ts';

/** True for a JSON list. */
export function isList(value: Json | undefined): value is readonly Json[] {
  return Array.isArray(value);
}

/** The value at a path of keys, or undefined. */
export function at(value: Json | undefined, ...path: readonly string[]): Json | undefined {
  let current: Json | undefined = value;
  for (const key of path) current = isJsonObject(current) ? current[key] : undefined;
  return current;
}

/** The text at a path; empty when there is none. */
export function textAt(value: Json | undefined, ...path: readonly string[]): string {
  const found = at(value, ...path);
  return typeof found === 'string' ? found : '';
}

/** The number at a path, or undefined. */
export function numberAt(value: Json | undefined, ...path: readonly string[]): number | undefined {
  const found = at(value, ...path);
  return typeof found === 'number' ? found : undefined;
}

/** The list at a path; empty when there is none. */
export function listAt(value: Json | undefined, ...path: readonly string[]): readonly Json[] {
  const found = at(value, ...path);
  return isList(found) ? found : [];
}

/** The object at a path; empty when there is none. */
export function recordAt(value: Json | undefined, ...path: readonly string[]): JsonObject {
  const found = at(value, ...path);
  return isJsonObject(found) ? found : {};
}

/** The text values of the object at a path: labels, annotations, a selector. */
export function mapAt(
  value: Json | undefined,
  ...path: readonly string[]
): Readonly<Record<string, string>> {
  const entries = Object.entries(recordAt(value, ...path));
  return Object.fromEntries(
    entries.flatMap(([key, item]) => (typeof item === 'string' ? [[key, item]] : [])),
  );
}

/** The object without a key. */
export function without(object: JsonObject, key: string): JsonObject {
  return Object.fromEntries(Object.entries(object).filter(([name]) => name !== key));
}

/** A copy with the value at a path set, or taken away when undefined; objects on the way are made. */
export function withAt(
  object: JsonObject,
  path: readonly string[],
  value: Json | undefined,
): JsonObject {
  const [key, ...rest] = path;
  if (key === undefined) return object;
  if (rest.length === 0) {
    return value === undefined ? without(object, key) : { ...object, [key]: value };
  }
  if (value === undefined && object[key] === undefined) return object;
  return { ...object, [key]: withAt(recordAt(object, key), rest, value) };
}

/** `metadata.name`. */
export function nameOf(object: JsonObject): string {
  return textAt(object, 'metadata', 'name');
}

/** `metadata.namespace`; empty for objects of the whole cluster. */
export function namespaceOf(object: JsonObject): string {
  return textAt(object, 'metadata', 'namespace');
}

/** `metadata.uid`. */
export function uidOf(object: JsonObject): string {
  return textAt(object, 'metadata', 'uid');
}

/** `metadata.labels`. */
export function labelsOf(object: JsonObject): Readonly<Record<string, string>> {
  return mapAt(object, 'metadata', 'labels');
}

/** True while the object is on its way out. */
export function isDeleting(object: JsonObject): boolean {
  return textAt(object, 'metadata', 'deletionTimestamp') !== '';
}

/** The owner reference that is marked as controller, or undefined. */
export function controllerOf(object: JsonObject): JsonObject | undefined {
  const owners = listAt(object, 'metadata', 'ownerReferences');
  return owners.filter(isJsonObject).find((owner) => owner['controller'] === true);
}

/** True when `owner` controls `object`. */
export function isControlledBy(object: JsonObject, owner: JsonObject): boolean {
  return textAt(controllerOf(object), 'uid') === uidOf(owner);
}
