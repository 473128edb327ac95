import type { Environment } from '@marcbachmann/cel-js';
import { AppError } from '../domain/error.ts';
import { compilePattern, PATTERN_LENGTH_MAX } from './pattern.ts';

/** Longest text that `regex` reads, in characters. */
const TEXT_LENGTH_MAX = 64 * 1024;
const MINUTE_MS = 60_000;
const RFC3339 = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(?:\.\d{1,9})?(?:Z|[+-]\d{2}:\d{2})$/;

function invalid(reason: string, message: string): AppError {
  return new AppError('invalid', message, { details: { reason } });
}

/** True when `pattern` matches somewhere in `text`, in time linear in the text (RE2 syntax). */
function regex(text: string, pattern: string): boolean {
  if (pattern.length > PATTERN_LENGTH_MAX || text.length > TEXT_LENGTH_MAX) {
    throw invalid('regex_too_long', 'regex(): the pattern or the text is too long.');
  }
  return compilePattern(pattern).matcher(text).find();
}

/** The value under `key` of a map or list, or `fallback` when there is none. */
function get(container: unknown, key: unknown, fallback: unknown): unknown {
  if (container instanceof Map) return valueOr(container.get(key), fallback);
  if (Array.isArray(container)) {
    return typeof key === 'bigint' ? valueOr(container[Number(key)], fallback) : fallback;
  }
  if (typeof container !== 'object' || container === null || typeof key !== 'string') {
    return fallback;
  }
  return Object.hasOwn(container, key) ? valueOr(Reflect.get(container, key), fallback) : fallback;
}

function valueOr(value: unknown, fallback: unknown): unknown {
  return value === undefined || value === null ? fallback : value;
}

function shifted(time: string, minutes: bigint, direction: 1 | -1): string {
  const parsed = RFC3339.test(time) ? Date.parse(time) : Number.NaN;
  const moved = new Date(parsed + direction * Number(minutes) * MINUTE_MS);
  if (Number.isNaN(moved.getTime())) {
    throw invalid('invalid_timestamp', 'The time is not RFC 3339, or the result is out of range.');
  }
  return moved.toISOString();
}

/** The image reference with another tag; a digest is dropped. `host:5000/a/b:6` with `7` is `host:5000/a/b:7`. */
function withTag(image: string, tag: string): string {
  if (!/^\w[\w.-]{0,127}$/.test(tag)) {
    throw invalid('invalid_tag', 'withTag(): this is not an image tag.');
  }
  const name = image.split('@')[0] ?? '';
  const colon = name.indexOf(':', name.lastIndexOf('/') + 1);
  const repository = colon === -1 ? name : name.slice(0, colon);
  if (repository === '') throw invalid('invalid_image', 'withTag(): this is not an image.');
  return `${repository}:${tag}`;
}

/** The first item of a list of maps whose `key` is `wanted`. */
function pick(list: unknown, key: string, wanted: unknown): unknown {
  const items: readonly unknown[] = Array.isArray(list) ? list : [];
  const found = items.find((item) => get(item, key, undefined) === wanted);
  if (found === undefined) {
    throw invalid('no_such_item', `pick(): no item has this value under '${key.slice(0, 64)}'.`);
  }
  return found;
}

/** The text in double quotes with escapes, as PromQL and JSON read it. */
function quoted(text: string): string {
  return JSON.stringify(text);
}

const ARITHMETIC = {
  '+': (a: number, b: number) => a + b,
  '-': (a: number, b: number) => a - b,
  '*': (a: number, b: number) => a * b,
  '/': (a: number, b: number) => a / b,
} as const;

/**
 * Lets `int` and `double` meet. JSON does not tell `1` from `1.0`: without this, `auc - 0.05` would work for
 * a metric of 0.93 and fail for one of exactly 1.
 */
function registerMixedArithmetic(environment: Environment): void {
  for (const [operator, apply] of Object.entries(ARITHMETIC)) {
    const mixed = (a: number | bigint, b: number | bigint): number => apply(Number(a), Number(b));
    environment.registerOperator(`int ${operator} double: double`, mixed);
    environment.registerOperator(`double ${operator} int: double`, mixed);
  }
  environment.registerOperator(
    'int == double',
    (a: number | bigint, b: number | bigint) => Number(a) === Number(b),
  );
}

/** Adds our own functions: `regex get pick quoted minutesBefore minutesAfter withTag`. */
export function registerFunctions(environment: Environment): void {
  const offer = (signature: string, handler: (...values: never[]) => unknown): void => {
    environment.registerFunction(signature, { handler, async: false });
  };
  offer('regex(string, string): bool', regex);
  offer('get(dyn, dyn, dyn): dyn', get);
  offer('pick(dyn, string, dyn): dyn', pick);
  offer('quoted(string): string', quoted);
  offer('minutesBefore(string, int): string', (time: string, minutes: bigint) =>
    shifted(time, minutes, -1),
  );
  offer('minutesAfter(string, int): string', (time: string, minutes: bigint) =>
    shifted(time, minutes, 1),
  );
  offer('withTag(string, string): string', withTag);
  registerMixedArithmetic(environment);
}
