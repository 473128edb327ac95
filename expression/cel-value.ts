import { AppError } from '../domain/error.ts';
import type { Json } from '../domain/json.ts';

/** Most values (nodes of the JSON tree) that an expression may be given. */
const INPUT_NODES_MAX = 200_000;
/** Deepest nesting of a value on its way in or out. */
const DEPTH_MAX = 64;
/** Most bytes of JSON that an expression may answer. */
export const RESULT_BYTES_MAX = 256 * 1024;

interface Walk {
  nodes: number;
}

function step(walk: Walk, depth: number): void {
  walk.nodes += 1;
  if (walk.nodes > INPUT_NODES_MAX || depth > DEPTH_MAX) {
    throw new AppError(
      'too_large',
      'The value is too large or too deeply nested for an expression.',
      {
        details: { nodesMax: INPUT_NODES_MAX, depthMax: DEPTH_MAX },
      },
    );
  }
}

function recordToCel(value: object, walk: Walk, depth: number): unknown {
  // Without a prototype nothing but own keys can be reached, whatever the key is called.
  const record: Record<string, unknown> = { __proto__: null };
  for (const [key, item] of Object.entries(value)) {
    if (item !== undefined) record[key] = convertToCel(item, walk, depth + 1);
  }
  // The library tells types by the key `constructor`: with one of its own a record would be no map at all.
  return 'constructor' in record ? new Map(Object.entries(record)) : record;
}

function convertToCel(value: unknown, walk: Walk, depth: number): unknown {
  step(walk, depth);
  if (typeof value === 'number') return Number.isSafeInteger(value) ? BigInt(value) : value;
  if (value === null || typeof value !== 'object') return value;
  if (Array.isArray(value)) {
    return value.map((item: unknown) => convertToCel(item, walk, depth + 1));
  }
  return recordToCel(value, walk, depth);
}

/**
 * JSON as CEL reads it: whole numbers become `int` (BigInt), objects lose their prototype.
 * Raises `too_large` past 200,000 nodes or 64 levels.
 */
export function toCel(value: unknown): unknown {
  return convertToCel(value, { nodes: 0 }, 0);
}

function notJson(what: string): AppError {
  return new AppError('invalid', `The expression answers ${what}, which is not JSON.`, {
    details: { reason: 'result_not_json' },
  });
}

function integerFromCel(value: bigint): number {
  const number = Number(value);
  if (!Number.isSafeInteger(number)) throw notJson('a whole number beyond 2^53');
  return number;
}

function entriesOf(value: object): Iterable<readonly [string, unknown]> {
  if (!(value instanceof Map)) return Object.entries(value);
  return [...value].map(([key, item]: [unknown, unknown]) => {
    if (typeof key !== 'string') throw notJson('a map whose keys are not text');
    return [key, item] as const;
  });
}

function objectFromCel(value: object, walk: Walk, depth: number): Json {
  if (Array.isArray(value)) {
    return value.map((item: unknown) => convertFromCel(item, walk, depth + 1));
  }
  if (value instanceof Date) return value.toISOString();
  const prototype: unknown = Object.getPrototypeOf(value);
  const isMap = value instanceof Map || prototype === null || prototype === Object.prototype;
  if (!isMap) throw notJson('bytes, a duration, an unsigned number or a type');
  const entries: [string, Json][] = [];
  for (const [key, item] of entriesOf(value)) {
    if (item !== undefined) entries.push([key, convertFromCel(item, walk, depth + 1)]);
  }
  return Object.fromEntries(entries);
}

function convertFromCel(value: unknown, walk: Walk, depth: number): Json {
  step(walk, depth);
  switch (typeof value) {
    case 'string':
    case 'boolean':
      return value;
    case 'bigint':
      return integerFromCel(value);
    case 'number':
      if (!Number.isFinite(value)) throw notJson('a number that is not finite');
      return value;
    case 'object':
      return value === null ? null : objectFromCel(value, walk, depth);
    default:
      throw notJson(`a value of type ${typeof value}`);
  }
}

/**
 * What an expression answered, as plain JSON; timestamps become RFC 3339 text. Raises `invalid` for what
 * JSON cannot hold (bytes, durations, types, not finite or unsafe numbers) and `too_large` past 256 KiB.
 */
export function fromCel(value: unknown): Json {
  const json = convertFromCel(value, { nodes: 0 }, 0);
  const scalar = json === null || typeof json === 'boolean' || typeof json === 'number';
  if (scalar) return json;
  const text = typeof json === 'string' ? json : JSON.stringify(json);
  if (Buffer.byteLength(text) > RESULT_BYTES_MAX) {
    throw new AppError('too_large', 'The expression answers more than 256 KiB.', {
      details: { bytesMax: RESULT_BYTES_MAX },
    });
  }
  return json;
}
