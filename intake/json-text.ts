import { AppError } from '../domain/error.ts';
import type { Json } from '../domain/json.ts';

/** Limits of a JSON text from outside. */
export const JSON_LIMITS = {
  bytes: 8 * 1024 * 1024,
  depth: 32,
  keys: 1000,
  stringBytes: 64 * 1024,
  items: 10_000,
  values: 200_000,
  numberLength: 400,
} as const;

const FORBIDDEN_KEYS = new Set(['__proto__']);
const NUMBER = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/y;
const WHITESPACE = /[ \t\n\r]*/y;
/** A run of characters that need no look: no quote, no backslash, no control character. */
// eslint-disable-next-line no-control-regex -- JSON forbids raw control characters in strings; they are looked for here.
const PLAIN = /[^"\\\u0000-\u001f]*/y;
const ESCAPES: Readonly<Record<string, string>> = {
  '"': '"',
  '\\': '\\',
  '/': '/',
  b: '\b',
  f: '\f',
  n: '\n',
  r: '\r',
  t: '\t',
};
const WORDS: Readonly<Record<string, Json>> = { true: true, false: false, null: null };

interface Scan {
  readonly text: string;
  readonly path: (string | number)[];
  offset: number;
  values: number;
}

function pathText(path: readonly (string | number)[]): string {
  const text = path
    .map((part) => (typeof part === 'number' ? `[${part.toString()}]` : `.${part.slice(0, 64)}`))
    .join('')
    .replace(/^\./, '');
  return text === '' ? 'body' : text.slice(0, 300);
}

function fail(scan: Scan, message: string): AppError {
  const field = pathText(scan.path);
  return new AppError('invalid', `${field}: ${message}`, {
    field,
    details: { offset: scan.offset },
  });
}

function skipSpace(scan: Scan): void {
  WHITESPACE.lastIndex = scan.offset;
  WHITESPACE.test(scan.text);
  scan.offset = WHITESPACE.lastIndex;
}

function take(scan: Scan, character: string): boolean {
  if (scan.text[scan.offset] !== character) return false;
  scan.offset += 1;
  return true;
}

function expectCharacter(scan: Scan, character: string): void {
  if (!take(scan, character)) throw fail(scan, `'${character}' expected; this is not JSON.`);
}

function escaped(scan: Scan): string {
  const letter = scan.text[scan.offset] ?? '';
  scan.offset += 1;
  if (letter === 'u') {
    const digits = scan.text.slice(scan.offset, scan.offset + 4);
    if (!/^[0-9a-fA-F]{4}$/.test(digits)) throw fail(scan, 'this escape is not JSON.');
    scan.offset += 4;
    return String.fromCharCode(Number.parseInt(digits, 16));
  }
  const character = Object.hasOwn(ESCAPES, letter) ? ESCAPES[letter] : undefined;
  if (character === undefined) throw fail(scan, 'this escape is not JSON.');
  return character;
}

function scanString(scan: Scan): string {
  expectCharacter(scan, '"');
  let value = '';
  for (;;) {
    PLAIN.lastIndex = scan.offset;
    PLAIN.test(scan.text);
    value += scan.text.slice(scan.offset, PLAIN.lastIndex);
    scan.offset = PLAIN.lastIndex;
    if (value.length > JSON_LIMITS.stringBytes) throw fail(scan, 'the text is longer than 64 KiB.');
    if (take(scan, '"')) break;
    if (!take(scan, '\\'))
      throw fail(scan, 'the text is not closed, or holds a control character.');
    value += escaped(scan);
  }
  if (Buffer.byteLength(value) > JSON_LIMITS.stringBytes) {
    throw fail(scan, 'the text is longer than 64 KiB.');
  }
  return value;
}

/** Whole numbers beyond 2^53 and numbers too large for a double stay as text: nothing is silently changed. */
function scanNumber(scan: Scan): Json {
  NUMBER.lastIndex = scan.offset;
  if (!NUMBER.test(scan.text)) throw fail(scan, 'a value expected; this is not JSON.');
  const source = scan.text.slice(scan.offset, NUMBER.lastIndex);
  if (source.length > JSON_LIMITS.numberLength) throw fail(scan, 'the number is too long.');
  scan.offset = NUMBER.lastIndex;
  const number = Number(source);
  const exact = Number.isInteger(number) ? Number.isSafeInteger(number) : Number.isFinite(number);
  return exact ? number : source;
}

function scanWord(scan: Scan): Json | undefined {
  for (const [word, value] of Object.entries(WORDS)) {
    if (scan.text.startsWith(word, scan.offset)) {
      scan.offset += word.length;
      return value;
    }
  }
  return undefined;
}

function scanArray(scan: Scan): Json {
  const items: Json[] = [];
  skipSpace(scan);
  if (take(scan, ']')) return items;
  for (;;) {
    scan.path.push(items.length);
    items.push(scanValue(scan));
    scan.path.pop();
    skipSpace(scan);
    if (take(scan, ']')) return items;
    expectCharacter(scan, ',');
    if (items.length >= JSON_LIMITS.items) throw fail(scan, 'the list has more than 10,000 items.');
  }
}

function scanKey(scan: Scan, entries: ReadonlyMap<string, Json>): string {
  skipSpace(scan);
  const key = scanString(scan);
  scan.path.push(key);
  if (FORBIDDEN_KEYS.has(key)) throw fail(scan, 'this key is not allowed.');
  if (entries.has(key)) throw fail(scan, 'this key is given twice.');
  if (entries.size >= JSON_LIMITS.keys) throw fail(scan, 'the object has more than 1,000 keys.');
  skipSpace(scan);
  expectCharacter(scan, ':');
  return key;
}

function scanObject(scan: Scan): Json {
  const entries = new Map<string, Json>();
  skipSpace(scan);
  if (take(scan, '}')) return {};
  for (;;) {
    const key = scanKey(scan, entries);
    entries.set(key, scanValue(scan));
    scan.path.pop();
    skipSpace(scan);
    if (take(scan, '}')) return Object.fromEntries(entries);
    expectCharacter(scan, ',');
  }
}

function scanValue(scan: Scan): Json {
  skipSpace(scan);
  scan.values += 1;
  if (scan.values > JSON_LIMITS.values) throw fail(scan, 'the document holds too many values.');
  if (scan.path.length > JSON_LIMITS.depth) throw fail(scan, 'nested deeper than 32 levels.');
  if (scan.text[scan.offset] === '"') return scanString(scan);
  if (take(scan, '{')) return scanObject(scan);
  if (take(scan, '[')) return scanArray(scan);
  const word = scanWord(scan);
  return word === undefined ? scanNumber(scan) : word;
}

function decode(bytes: Uint8Array): string {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch (error) {
    throw new AppError('invalid', 'body: not UTF-8.', { field: 'body', cause: error });
  }
}

/**
 * Reads JSON from outside within `JSON_LIMITS`. Agrees with `JSON.parse` on what both accept, but for numbers
 * that a double cannot hold, which stay text. Raises `invalid` naming the path (also for duplicate keys and
 * `__proto__`), `too_large` past 8 MiB.
 */
export function readJsonText(bytes: Uint8Array): Json {
  if (bytes.byteLength > JSON_LIMITS.bytes) {
    throw new AppError('too_large', 'body: larger than 8 MiB.', { field: 'body' });
  }
  const scan: Scan = { text: decode(bytes), path: [], offset: 0, values: 0 };
  const value = scanValue(scan);
  skipSpace(scan);
  if (scan.offset < scan.text.length) throw fail(scan, 'something follows the JSON value.');
  return value;
}
