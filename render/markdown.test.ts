// Goal: text from outside is shown in Markdown as it is written and formats nothing.
// Method: hostile and generated text; un-escaping must give the text back, and no active mark may be left bare.
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { HOSTILE_TEXTS } from './hostile-text.ts';
import { codeBlock, codeSpan, escapeMarkdown, markdownTable } from './markdown.ts';
import { visible, visibleLines } from './visible.ts';

const named = HOSTILE_TEXTS.map((text): [string, string] => [
  JSON.stringify(text.slice(0, 40)),
  text,
]);

/** What a Markdown reader shows of escaped text (CommonMark: backslash before punctuation, entities). */
function shown(markdown: string): string {
  return markdown
    .replace(/\\([!-/:-@[-`{-~])/gu, '$1')
    .replaceAll('&lt;', '<')
    .replaceAll('&gt;', '>')
    .replaceAll('&amp;', '&');
}

const withoutEscapes = (markdown: string): string => markdown.replace(/\\[!-/:-@[-`{-~]/gu, '');

describe('escapeMarkdown', () => {
  test.each(named)('%s formats nothing', (_name, text) => {
    const bare = withoutEscapes(escapeMarkdown(text));
    expect(bare).not.toMatch(/[`*[\]|<>{}~$\n]/u);
    expect(bare).not.toMatch(/:\/\//u);
    expect(escapeMarkdown(text)).not.toMatch(/^(?:[-+=#>]|\d+[.)]|\s)/u);
  });

  test('a reader sees what was written', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        // Entities inside the text are escaped too, so that un-escaping in this order is exact.
        fc.pre(!text.includes('&'));
        expect(shown(escapeMarkdown(text))).toBe(visible(text).trim());
      }),
    );
  });

  test.each([
    ['fraud-scorer v7 (canary) at 10 %', 'fraud-scorer v7 (canary) at 10 %'],
    ['training_data_2026', 'training_data_2026'],
    ['_it_ **b** `c`', '\\_it\\_ \\*\\*b\\*\\* \\`c\\`'],
    ['- item', '\\- item'],
    ['1. item', '1\\. item'],
    ['![x](https://e.example)', '!\\[x\\](https\\://e.example)'],
    ['&lt;', '&amp;lt;'],
  ])('%j', (text, escaped) => {
    expect(escapeMarkdown(text)).toBe(escaped);
  });
});

describe('code', () => {
  test.each(named)('%s stays in its fence', (_name, text) => {
    const block = codeBlock(text);
    const fence = /^`+/u.exec(block)?.[0] ?? '';
    const lines = block.trimEnd().split('\n');
    expect(lines.slice(1, -1).join('\n')).toBe(visibleLines(text).replace(/\n+$/u, (end) => end));
    expect(lines.slice(1, -1).every((line) => !line.includes(fence))).toBe(true);
    const span = codeSpan(text);
    expect(span).not.toContain('\n');
  });
});

describe('table', () => {
  test.each(named)('%s is one cell', (_name, text) => {
    const table = markdownTable(['a', 'b'], [[text, 'end']]);
    expect(table.trimEnd().split('\n')).toHaveLength(3);
    expect((withoutEscapes(table.split('\n')[2] ?? '').match(/\|/gu) ?? []).length).toBe(3);
  });
});
