import { isJsonObject, type Json, type JsonObject } from './json.ts';

/** One place in which two states of the rules differ; null stands for what is not there. */
export interface RuleDifference {
  /** `routes.model-alerts.mode`: names for list elements that have one. */
  readonly path: readonly string[];
  readonly before: Json;
  readonly after: Json;
}

/** Rules nest no deeper; past this values are compared whole. */
const DEPTH_MAX = 12;
/** What names the elements of a list, first match wins. */
const NAMING = ['id', 'name', 'model'] as const;
/** The path element under which the order of a named list stands. */
const ORDER = '(order)';

/** The name of a list element; null when it has none. */
function nameOf(element: Json): string | null {
  if (!isJsonObject(element)) return null;
  for (const key of NAMING) {
    const value = element[key];
    if (typeof value === 'string') return value;
  }
  return null;
}

/** A list of named elements as an object of them, with their order; null when a name is missing or comes twice. */
function namedList(list: readonly Json[]): JsonObject | null {
  const named = new Map<string, Json>();
  for (const element of list) {
    const name = nameOf(element);
    if (name === null || name === ORDER || named.has(name)) return null;
    named.set(name, element);
  }
  return Object.fromEntries([...named, [ORDER, [...named.keys()]]]);
}

function isList(value: Json): value is readonly Json[] {
  return Array.isArray(value);
}

/** Both values as objects to be compared key by key; null when they are compared whole. */
function asObjects(before: Json, after: Json): readonly [JsonObject, JsonObject] | null {
  if (isJsonObject(before) && isJsonObject(after)) return [before, after];
  if (!isList(before) || !isList(after)) return null;
  const lists = [namedList(before), namedList(after)] as const;
  return lists[0] === null || lists[1] === null ? null : [lists[0], lists[1]];
}

/** The value of a key; null when there is none, also for names that every object inherits. */
function at(object: JsonObject, key: string): Json {
  return Object.hasOwn(object, key) ? (object[key] ?? null) : null;
}

function isSame(a: Json, b: Json): boolean {
  if (a === b) return true;
  if (isList(a) && isList(b)) {
    return a.length === b.length && a.every((one, index) => isSame(one, b[index] ?? null));
  }
  if (!isJsonObject(a) || !isJsonObject(b)) return false;
  const keys = new Set([...Object.keys(a), ...Object.keys(b)]);
  return [...keys].every((key) => isSame(at(a, key), at(b, key)));
}

/**
 * Every difference between two states, exact, in the order of the keys. Elements that have an id, a name or a model are
 * compared by it, and their order counts as well.
 */
export function differencesBetween(
  before: Json,
  after: Json,
  path: readonly string[] = [],
): readonly RuleDifference[] {
  if (isSame(before, after)) return [];
  const objects = path.length < DEPTH_MAX ? asObjects(before, after) : null;
  if (objects === null) return [{ path, before, after }];
  const [old, fresh] = objects;
  const keys = [...new Set([...Object.keys(old), ...Object.keys(fresh)])];
  return keys.flatMap((key) =>
    key === ORDER && keepsOrder(old, fresh)
      ? []
      : differencesBetween(at(old, key), at(fresh, key), [...path, key]),
  );
}

function orderOf(list: JsonObject): readonly string[] {
  const order = at(list, ORDER);
  return isList(order) ? order.map(String) : [];
}

/** True when elements only went, or came at the end: then they tell the order themselves. */
function keepsOrder(old: JsonObject, fresh: JsonObject): boolean {
  const before = orderOf(old).filter((name) => Object.hasOwn(fresh, name));
  const added = orderOf(fresh).filter((name) => !Object.hasOwn(old, name));
  return isSame([...before, ...added], [...orderOf(fresh)]);
}
