// Goal: templates keep the type of a lone hole, splice the rest as text, and name the string of a mistake.
// Method: a table of templates with their values or problems.
import { describe, expect, test } from '@jest/globals';
import { isAppError } from '../domain/error.ts';
import type { Json } from '../domain/json.ts';
import { compileTemplate, splitTemplate } from './template.ts';

const context = { body: { n: 3, s: 'x', none: null, list: [1, 2] }, item: 'i' };

describe('evaluate', () => {
  test.each<[Json, Json]>([
    ['plain', 'plain'],
    ['${{ body.n }}', 3],
    ['${{body.list}}', [1, 2]],
    ['v${{ body.n }}/${{ body.s }}', 'v3/x'],
    [' ${{ body.n }}', ' 3'],
    ["${{ {'a': {'b': body.n}} }}", { a: { b: 3 } }],
    ["${{ '}}' + body.s }}", '}}x'],
    ["${{ 'it\\'s}}' }}", "it's}}"],
    ['$${{ body.n }}', '${{ body.n }}'],
    [
      { a: ['${{ body.n }}', { b: 'y${{ item }}' }], c: 1, d: null },
      { a: [3, { b: 'yi' }], c: 1, d: null },
    ],
    ['', ''],
    ['{{7*7}} ${jndi:x}', '{{7*7}} ${jndi:x}'],
    ['${{ body.none }}', null],
  ])('%j', (template, expected) => {
    expect(compileTemplate(template, 'mapping').evaluate(context)).toEqual(expected);
  });

  test('constant says whether the value is known beforehand', () => {
    expect(compileTemplate({ a: 1, b: '$${{ x' }, 'mapping').constant).toBe(true);
    expect(compileTemplate({ a: '${{ 1 }}' }, 'mapping').constant).toBe(false);
  });
});

describe('refused', () => {
  test.each<[Json, string]>([
    [{ a: ['x', '${{ body.n'] }, 'with.a[1]'],
    [{ a: '${{ nobody }}' }, 'with.a'],
    ['${{ ${{ 1 }} }}', 'with'],
    [{ a: 'x${{ body.none }}' }, 'with.a'],
    [{ a: 'x${{ body.list }}' }, 'with.a'],
    ['${{ }}', 'with'],
  ])('%j', (template, field) => {
    let caught: unknown;
    try {
      compileTemplate(template, 'mapping').evaluate(context);
    } catch (error) {
      caught = error;
    }
    expect(isAppError(caught) && caught.code).toBe('invalid');
    expect(isAppError(caught) && caught.field).toBe(field);
  });

  test('nesting and number of strings are capped', () => {
    let deep: Json = 'x';
    for (let level = 0; level < 50; level += 1) deep = [deep];
    expect(() => compileTemplate(deep, 'mapping')).toThrow('nested too deeply');
    expect(() =>
      compileTemplate(
        Array.from({ length: 501 }, () => 'x'),
        'mapping',
      ),
    ).toThrow('too many strings');
  });
});

test('splitTemplate gives the offset of each hole', () => {
  expect(splitTemplate('ab${{ x }}', 'f')).toEqual([
    { kind: 'text', text: 'ab' },
    { kind: 'hole', source: ' x ', offset: 5 },
  ]);
});
