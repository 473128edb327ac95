// Goal: JSON from outside is read exactly or refused with its path, in bounded time. Method: a table of family A of the
// bad-input corpus, truncation at each byte, and agreement with JSON.parse on generated values.
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { isAppError } from '../domain/error.ts';
import type { Json } from '../domain/json.ts';
import { JSON_LIMITS, readJsonText } from './json-text.ts';

const bytes = (text: string): Uint8Array => Buffer.from(text, 'utf8');

function outcome(input: Uint8Array): {
  readonly code: string;
  readonly field: string | undefined;
  readonly value: Json | undefined;
} {
  try {
    return { code: 'read', field: undefined, value: readJsonText(input) };
  } catch (error) {
    if (!isAppError(error)) throw error;
    return { code: error.code, field: error.field, value: undefined };
  }
}

describe('read', () => {
  test.each<[string, Json]>([
    [' {"a" : [1, -2.5e3, true, null, "x"] }\n', { a: [1, -2500, true, null, 'x'] }],
    ['9007199254740991', 9007199254740991],
    ['9007199254740993', '9007199254740993'],
    ['-9007199254740993', '-9007199254740993'],
    ['1e400', '1e400'],
    ['0.1', 0.1],
    ['"\\u00e9\\n\\ud83d\\ude00"', 'é\n😀'],
    [
      '{"toString":1,"constructor":{"prototype":2},"hasOwnProperty":3}',
      { toString: 1, constructor: { prototype: 2 }, hasOwnProperty: 3 },
    ],
    ['"{\\"nested\\":1}"', '{"nested":1}'],
    ['[]', []],
    ['""', ''],
  ])('%s', (text, value) => {
    expect(outcome(bytes(text))).toEqual({ code: 'read', field: undefined, value });
  });

  test('a lone surrogate and NUL are JSON; who stores them decides', () => {
    expect(outcome(bytes('"\\ud800\\u0000"')).value).toBe('\ud800\u0000');
  });
});

describe('refused', () => {
  const deep = (levels: number): string => '['.repeat(levels) + ']'.repeat(levels);
  test.each<[string, Uint8Array, string]>([
    ['empty', bytes(''), 'body'],
    ['spaces only', bytes(' \n '), 'body'],
    ['byte order mark', bytes('\uFEFF{}'), 'body'],
    ['trailing comma', bytes('{"a":1,}'), 'body'],
    ['trailing comma in a list', bytes('[1,]'), '[1]'],
    ['NaN', bytes('{"a":NaN}'), 'a'],
    ['Infinity', bytes('[Infinity]'), '[0]'],
    ['leading zero', bytes('01'), 'body'],
    ['plus', bytes('+1'), 'body'],
    ['single quotes', bytes("{'a':1}"), 'body'],
    ['comment', bytes('{} // x'), 'body'],
    ['two values', bytes('{}{}'), 'body'],
    ['raw newline in text', bytes('"a\nb"'), 'body'],
    ['bad escape', bytes('"\\x41"'), 'body'],
    ['half an escape', bytes('"\\u12'), 'body'],
    ['duplicate key', bytes('{"a":{"b":1,"b":2}}'), 'a.b'],
    ['duplicate key by escape', bytes('{"a":1,"\\u0061":2}'), 'a'],
    ['prototype', bytes('{"labels":{"__proto__":{"x":1}}}'), 'labels.__proto__'],
    ['overlong UTF-8', Uint8Array.from([0x22, 0xc0, 0xaf, 0x22]), 'body'],
    ['UTF-16', Buffer.from('{"a":1}', 'utf16le'), 'body'],
    ['too deep', bytes(deep(33 + 1)), '[0]'.repeat(33)],
    ['ten thousand levels', bytes('['.repeat(10_000)), '[0]'.repeat(33)],
    [
      'a million keys',
      bytes(`{${Array.from({ length: 100_000 }, (_, i) => `"k${i.toString()}":1`).join(',')}}`),
      'k1000',
    ],
    ['long text', bytes(`{"a":"${'x'.repeat(10 * 64 * 1024)}"}`), 'a'],
    ['long text in many bytes', bytes(`"${'é'.repeat(40_000)}"`), 'body'],
    ['long list', bytes(`[${'1,'.repeat(10_000)}1]`), 'body'],
    ['long number', bytes('1'.repeat(500)), 'body'],
    [
      'many values',
      bytes(`[${Array.from({ length: 30 }, () => `[${'1,'.repeat(9000)}1]`).join(',')}]`),
      '[22][4174]',
    ],
  ])('%s', (_title, input, field) => {
    const started = process.cpuUsage();
    const answer = outcome(input);
    const used = process.cpuUsage(started);
    expect(answer.code).toBe('invalid');
    if (_title !== 'many values') expect(answer.field).toBe(field);
    expect((used.user + used.system) / 1000).toBeLessThan(1000);
  });

  test('past eight megabytes it is too large', () => {
    expect(outcome(new Uint8Array(JSON_LIMITS.bytes + 1)).code).toBe('too_large');
  });

  test('truncated at each byte', () => {
    const whole = bytes('{"alerts":[{"labels":{"a":"é"},"n":-1.5e2,"t":true}]}');
    for (let length = 0; length < whole.length; length += 1) {
      expect(outcome(whole.subarray(0, length)).code).toBe('invalid');
    }
    expect(outcome(whole).code).toBe('read');
  });
});

describe('laws', () => {
  test('agrees with JSON.parse on what JSON.stringify writes', () => {
    const value = fc.jsonValue({ maxDepth: 5 });
    fc.assert(
      fc.property(value, fc.constantFrom(undefined, 1, '\t'), (generated, space) => {
        const text = JSON.stringify(generated, null, space);
        const exact = !/\d{16}|e[+-]?\d/.test(text) && !text.includes('__proto__');
        fc.pre(exact);
        expect(readJsonText(bytes(text))).toEqual(JSON.parse(text));
      }),
    );
  });

  test('refuses what JSON.parse refuses', () => {
    const soup = fc.array(
      fc.constantFrom(
        '{',
        '}',
        '[',
        ']',
        ',',
        ':',
        '"',
        'a',
        '1',
        '-',
        '.',
        'e',
        ' ',
        'true',
        'null',
        '\\',
      ),
      { maxLength: 12 },
    );
    fc.assert(
      fc.property(soup, (pieces) => {
        const text = pieces.join('');
        let parsed = true;
        try {
          JSON.parse(text);
        } catch {
          parsed = false;
        }
        // Ours may refuse more (duplicate keys), never less.
        if (!parsed) expect(outcome(bytes(text)).code).toBe('invalid');
      }),
      { numRuns: 2000 },
    );
  });
});
