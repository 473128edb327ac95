// Goal: no text from outside can act on a reader's screen or pass for something else.
// Method: laws over hostile and generated text, and examples for each escape.
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { HOSTILE_TEXTS } from './hostile-text.ts';
import { cut, visible, visibleCut, visibleLines } from './visible.ts';

const ACTING = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/u;
const LIMIT = 120;

describe('visible', () => {
  test.each([
    ['a\nb\tc\rd', 'a\\nb\\tc\\rd'],
    ['\u001b[31mred', '\\u{001b}[31mred'],
    ['\u009b31m', '\\u{009b}31m'],
    ['abc\u202edef', 'abc\\u{202e}def'],
    ['x\u200by', 'x\\u{200b}y'],
    ['\u{e0041}', '\\u{e0041}'],
    ['\ud800', '\\u{d800}'],
    ['fr\u0430ud', 'frа(U+0430)ud'],
    ['модель v7', 'модель v7'],
    ['с версии 6', 'с версии 6'],
    ['\u0441\u043e\u0440', 'с(U+0441)о(U+043E)р(U+0440)'],
    ['\uff56\uff16', 'ｖ(U+FF56)６(U+FF16)'],
    ['\u{1d41f}r', '\u{1d41f}(U+1D41F)r'],
    ['fr\u0430(U+0061)ud', 'frа(U+0430)(U+0061)ud'],
    ['plain – text, 100 %', 'plain – text, 100 %'],
    ['e\u0301', 'e\u0301'],
    ['z\u0300\u0301\u0302\u0303\u0304\u0305', 'z\u0300\u0301\u0302\u0303[+2 marks]'],
  ])('%j', (text, shown) => {
    expect(visible(text)).toBe(shown);
  });

  test.each(HOSTILE_TEXTS.map((text) => [text.slice(0, 40), text]))(
    '%j acts on nothing',
    (_name, text) => {
      expect(visible(text)).not.toMatch(ACTING);
      expect(visibleLines(text).replaceAll('\n', '')).not.toMatch(ACTING);
    },
  );

  test('any text acts on nothing and is stable', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 80 }), (text) => {
        const shown = visible(text);
        expect(shown).not.toMatch(ACTING);
        expect(shown).not.toContain('\n');
        expect(visible(shown)).toBe(shown);
        expect(visibleLines(text).split('\n')).toHaveLength(text.split('\n').length);
      }),
    );
  });

  test('plain text is left alone', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme-ascii' }), (text) => {
        expect(visible(text)).toBe(text);
      }),
    );
  });
});

describe('cut', () => {
  test('keeps short text and marks what it shortens, within the limit', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), fc.nat({ max: LIMIT }), (text, max) => {
        const shown = cut(text, max);
        expect(shown.length).toBeLessThanOrEqual(max);
        expect(shown === text).toBe(text.length <= max);
        expect(shown).not.toMatch(/\p{Cs}/u);
      }),
    );
  });

  test('says how much there was', () => {
    expect(cut('a'.repeat(100), 40)).toMatch(/^a+… \[cut, 100 in all\]$/u);
  });

  test('huge text is cut before it is looked at', () => {
    const shown = visibleCut('\u001b'.repeat(8_000_000), LIMIT);
    expect(shown.length).toBeLessThanOrEqual(LIMIT);
  });
});
