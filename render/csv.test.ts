// Goal: an export opened in a spreadsheet runs nothing, and one record is one line.
// Method: hostile and generated cells; what is written is read back by a small RFC 4180 reader of the test's own.
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { HOSTILE_TEXTS } from './hostile-text.ts';
import { renderCsv } from './csv.ts';
import { visible } from './visible.ts';

function read(line: string): readonly string[] {
  return [...line.matchAll(/(?:^|,)(?:"((?:[^"]|"")*)"|([^",]*))(?=,|$)/gu)].map((match) =>
    (match[1] ?? match[2] ?? '').replaceAll('""', '"'),
  );
}

function bodyOf(csv: string): string {
  return csv.split('\r\n')[1] ?? '';
}

describe('csv', () => {
  test.each(
    HOSTILE_TEXTS.map((text): [string, string] => [JSON.stringify(text.slice(0, 40)), text]),
  )('%s is one inert cell', (_name, text) => {
    const csv = renderCsv(['text', 'next'], [[text, 'end']]);
    expect(csv.split('\r\n')).toHaveLength(3);
    const [cell = '', next] = read(bodyOf(csv));
    expect(next).toBe('end');
    expect(cell.replace(/^'/u, '')).toBe(visible(text).replace(/^'/u, ''));
    expect(cell.trim()).not.toMatch(/^[=+\-@＝＋－＠\t\r]/u);
  });

  test('any rows read back', () => {
    fc.assert(
      fc.property(
        fc.array(fc.string({ unit: 'grapheme' }), { minLength: 1, maxLength: 5 }),
        (row) => {
          const cells = read(
            bodyOf(
              renderCsv(
                row.map(() => 'column'),
                [row],
              ),
            ),
          );
          expect(cells.map((cell) => cell.replace(/^'/u, ''))).toEqual(
            row.map((text) => visible(text).replace(/^'/u, '')),
          );
        },
      ),
    );
  });

  test('numbers, truth values and nothing stay what they are', () => {
    expect(renderCsv(['a', 'b', 'c', 'd'], [[-1, 2.5, true, null]])).toBe(
      '"a","b","c","d"\r\n-1,2.5,true,\r\n',
    );
  });
});
