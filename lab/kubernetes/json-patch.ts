import { isJsonObject, type Json, type JsonObject } from '../../domain/json.ts';
import { jsonEquals } from '../../domain/plan.ts';
import { isList } from './object.ts';
import { badRequest, unprocessable } from './status.ts';

/** Operations in one patch; the API server takes 10,000. */
const OPERATIONS_MAX = 10_000;

function tokensOf(pointer: string): readonly string[] {
  if (pointer === '') return [];
  if (!pointer.startsWith('/')) throw badRequest(`json pointer must start with "/": ${pointer}`);
  return pointer
    .slice(1)
    .split('/')
    .map((token) => token.replaceAll('~1', '/').replaceAll('~0', '~'));
}

function missing(pointer: string): Error {
  return unprocessable(
    `the server rejected our request due to an error in our request: ${pointer}`,
  );
}

function indexOf(token: string, lengthMax: number, pointer: string): number {
  const index = /^(0|[1-9]\d*)$/.test(token) ? Number(token) : -1;
  if (index < 0 || index > lengthMax) throw missing(pointer);
  return index;
}

function read(document: Json, pointer: string): Json {
  let current: Json = document;
  for (const token of tokensOf(pointer)) {
    const next: Json | undefined = isList(current)
      ? current[indexOf(token, current.length - 1, pointer)]
      : isJsonObject(current)
        ? current[token]
        : undefined;
    if (next === undefined) throw missing(pointer);
    current = next;
  }
  return current;
}

type Edit = (parent: Json, token: string) => Json;

/** Rebuilds the document with `edit` done on the parent of the pointer's last token. */
function edited(document: Json, pointer: string, edit: Edit): Json {
  const walk = (current: Json, tokens: readonly string[]): Json => {
    const [token, ...rest] = tokens;
    if (token === undefined) throw missing(pointer);
    if (rest.length === 0) return edit(current, token);
    if (isList(current)) {
      const index = indexOf(token, current.length - 1, pointer);
      return current.map((item: Json, place) => (place === index ? walk(item, rest) : item));
    }
    const next = isJsonObject(current) ? current[token] : undefined;
    if (!isJsonObject(current) || next === undefined) throw missing(pointer);
    return { ...current, [token]: walk(next, rest) };
  };
  return walk(document, tokensOf(pointer));
}

function add(document: Json, pointer: string, value: Json): Json {
  if (pointer === '') return value;
  return edited(document, pointer, (parent, token) => {
    if (isList(parent)) {
      const place = token === '-' ? parent.length : indexOf(token, parent.length, pointer);
      return [...parent.slice(0, place), value, ...parent.slice(place)];
    }
    if (!isJsonObject(parent)) throw missing(pointer);
    return { ...parent, [token]: value };
  });
}

function remove(document: Json, pointer: string): Json {
  return edited(document, pointer, (parent, token) => {
    if (isList(parent)) {
      const place = indexOf(token, parent.length - 1, pointer);
      return parent.filter((_, index) => index !== place);
    }
    if (!isJsonObject(parent) || parent[token] === undefined) throw missing(pointer);
    return Object.fromEntries(Object.entries(parent).filter(([key]) => key !== token));
  });
}

function replace(document: Json, pointer: string, value: Json): Json {
  read(document, pointer);
  if (pointer === '') return value;
  return edited(document, pointer, (parent, token) => {
    if (isList(parent)) {
      const place = indexOf(token, parent.length - 1, pointer);
      return parent.map((item: Json, index) => (index === place ? value : item));
    }
    return isJsonObject(parent) ? { ...parent, [token]: value } : parent;
  });
}

function valueOf(operation: JsonObject): Json {
  const value = operation['value'];
  if (value === undefined) throw badRequest('json patch: operation misses "value"');
  return value;
}

function pathOf(operation: JsonObject, key: 'path' | 'from'): string {
  const path = operation[key];
  if (typeof path !== 'string') throw badRequest(`json patch: operation misses "${key}"`);
  return path;
}

function applyOperation(document: Json, operation: Json): Json {
  if (!isJsonObject(operation)) throw badRequest('json patch: an operation is not an object');
  const path = pathOf(operation, 'path');
  switch (operation['op']) {
    case 'add':
      return add(document, path, valueOf(operation));
    case 'remove':
      return remove(document, path);
    case 'replace':
      return replace(document, path, valueOf(operation));
    case 'move': {
      const from = pathOf(operation, 'from');
      return add(remove(document, from), path, read(document, from));
    }
    case 'copy':
      return add(document, path, read(document, pathOf(operation, 'from')));
    case 'test': {
      const expected = operation['value'] ?? null;
      if (!jsonEquals(read(document, path), expected)) {
        throw unprocessable(
          `the server rejected our request due to an error in our request: testing path ${path} failed`,
        );
      }
      return document;
    }
    default:
      throw badRequest('json patch: unknown operation');
  }
}

/** Applies an RFC 6902 patch. Raises 400 for what is no patch, 422 for a failed test or a missing path. */
export function jsonPatch(document: JsonObject, patch: Json): JsonObject {
  if (!isList(patch)) throw badRequest('json patch: the body is not a list');
  if (patch.length > OPERATIONS_MAX) throw badRequest('json patch: too many operations');
  const result = patch.reduce<Json>(applyOperation, document);
  if (!isJsonObject(result)) throw unprocessable('the patched document is not an object');
  return result;
}
