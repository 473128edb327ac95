// Goal: the table says what the rounds measured and does not flatter it. Method: figures of made-up rounds, on both sides
// of each kind of target.
import { describe, expect, test } from '@jest/globals';
import { tableOf } from './report.ts';
import { rowsOf, type Figures } from './rows.ts';
import { quantile, spreadOf } from './statistics.ts';

describe('statistics', () => {
  test.each([
    [[], 0.5, null],
    [[7], 0.99, 7],
    [[4, 1, 3, 2], 0.5, 2],
    [[1, 2, 3, 4, 5, 6, 7, 8, 9, 10], 0.9, 9],
    [[2, 10], 1, 10],
  ])('of %j the share %d lies below %j', (samples, share, expected) => {
    expect(quantile(samples, share)).toBe(expected);
  });

  test('a round without the figure does not count', () => {
    expect(spreadOf([3, null, 1, 2])).toEqual({ median: 2, min: 1, max: 3 });
    expect(spreadOf([null])).toBeNull();
  });
});

describe('the table', () => {
  const lines = (...rounds: readonly Figures[]): readonly string[] =>
    tableOf(rowsOf(rounds)).split('\n').slice(2);

  test.each([
    ['an upper limit that is kept', { 'firebreak.acknowledged': 15 }, /≤ 15 \| yes \|$/],
    ['an upper limit that is not', { 'firebreak.acknowledged': 15.1 }, /≤ 15 \| \*\*no\*\* \|$/],
    ['a lower limit that is kept', { 'storm.perSecond': 800 }, /≥ 800 \| yes \|$/],
    ['a lower limit that is not', { 'storm.perSecond': 799 }, /≥ 800 \| \*\*no\*\* \|$/],
    ['one alert lost', { 'storm.lost': 1 }, /≤ 0 \| \*\*no\*\* \|$/],
  ])('judges %s', (_name, figures, line) => {
    expect(lines(figures)).toEqual([expect.stringMatching(line)]);
  });

  test('judges the median, shows the range, and divides within each round', () => {
    const round = (first: number, floor: number): Figures => ({
      'firebreak.first': first,
      'floor.first': floor,
    });
    const table = lines(round(90, 20), round(110, 20), round(300, 100));
    const isolation = table.find((line) => line.includes('first isolation call (its seal'));
    expect(isolation).toMatch(/\| 110\.0 ms \| 90\.0 – 300\.0 \| ≤ 100 \| \*\*no\*\* \|$/);
    const ratio = table.find((line) => line.includes('÷ floor’s first'));
    expect(ratio).toMatch(/\| 4\.5 × \| 3\.0 – 5\.5 \| ≤ 5 \| yes \|$/);
  });

  test('has no line for what was left out', () => {
    expect(lines({ 'storm.lost': null })).toEqual([]);
  });
});
