import { isJsonObject, type Json, type JsonObject } from '../../domain/json.ts';
import { isList } from './object.ts';
import { badRequest } from './status.ts';

function merge(document: Json | undefined, patch: Json): Json {
  if (!isJsonObject(patch)) return patch;
  const base = isJsonObject(document) ? document : {};
  const result: Record<string, Json> = { ...base };
  for (const [key, value] of Object.entries(patch)) {
    if (value === null) Reflect.deleteProperty(result, key);
    else result[key] = merge(base[key], value);
  }
  return result;
}

/** Applies an RFC 7386 merge patch: null removes, lists are replaced whole. Raises 400 for no object. */
export function mergePatch(document: JsonObject, patch: Json): JsonObject {
  if (!isJsonObject(patch)) throw badRequest('merge patch: the body is not an object');
  const result = merge(document, patch);
  return isJsonObject(result) ? result : {};
}

/** Lists whose items are merged by a key, as the Go types of core/v1 tag them. */
const MERGE_KEYS: Readonly<Record<string, string>> = {
  containers: 'name',
  initContainers: 'name',
  env: 'name',
  volumes: 'name',
  volumeMounts: 'mountPath',
  imagePullSecrets: 'name',
  ownerReferences: 'uid',
  conditions: 'type',
};

function keyOf(item: Json, mergeKey: string): Json | undefined {
  return isJsonObject(item) ? item[mergeKey] : undefined;
}

function strategicList(base: readonly Json[], patch: readonly Json[], mergeKey: string): Json {
  let result: readonly Json[] = base;
  for (const item of patch) {
    const key = keyOf(item, mergeKey);
    if (key === undefined) throw badRequest(`strategic merge patch: an item misses "${mergeKey}"`);
    const found = result.find((one) => keyOf(one, mergeKey) === key);
    if (isJsonObject(item) && item['$patch'] === 'delete') {
      result = result.filter((one) => one !== found);
    } else if (found === undefined) {
      result = [...result, strategic(undefined, item, '')];
    } else {
      result = result.map((one) => (one === found ? strategic(found, item, '') : one));
    }
  }
  return result;
}

/** The container's `ports` are merged by `containerPort`, a Service's by `port`. */
function mergeKeyOf(name: string, patch: readonly Json[]): string | undefined {
  if (name !== 'ports') return MERGE_KEYS[name];
  return patch.some((item) => keyOf(item, 'containerPort') !== undefined)
    ? 'containerPort'
    : 'port';
}

function strategic(document: Json | undefined, patch: Json, name: string): Json {
  if (isList(patch)) {
    const mergeKey = mergeKeyOf(name, patch);
    if (mergeKey === undefined) return patch;
    return strategicList(isList(document) ? document : [], patch, mergeKey);
  }
  if (!isJsonObject(patch)) return patch;
  const base = isJsonObject(document) && patch['$patch'] !== 'replace' ? document : {};
  const result: Record<string, Json> = { ...base };
  for (const [key, value] of Object.entries(patch)) {
    if (key === '$patch') continue;
    if (value === null) Reflect.deleteProperty(result, key);
    else result[key] = strategic(base[key], value, key);
  }
  return result;
}

/** Applies a strategic merge patch: `$patch` delete and replace, lists by merge key; nothing finer. */
export function strategicMergePatch(document: JsonObject, patch: Json): JsonObject {
  if (!isJsonObject(patch)) throw badRequest('strategic merge patch: the body is not an object');
  const result = strategic(document, patch, '');
  return isJsonObject(result) ? result : {};
}
