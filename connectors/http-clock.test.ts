// Goal: a clock is only called wrong when no moment within the request explains what it said. Method: moments of one
// request against the header of its answer.
import { expect, test } from '@jest/globals';
import { clockSkewOf } from './http-clock.ts';

const at = (time: string): number => Date.parse(`2026-11-22T10:00:${time}Z`);

test.each<[string, string | null, string, string, number | undefined]>([
  ['the same second', 'Sun, 22 Nov 2026 10:00:05 GMT', '05.100', '05.200', 0],
  ['the second before, cut', 'Sun, 22 Nov 2026 10:00:04 GMT', '04.990', '05.200', 0],
  ['a slow answer', 'Sun, 22 Nov 2026 10:00:05 GMT', '01.000', '09.000', 0],
  ['ahead', 'Sun, 22 Nov 2026 10:00:15 GMT', '05.000', '05.000', 10_000],
  ['behind', 'Sun, 22 Nov 2026 09:59:55 GMT', '05.000', '05.000', -9_000],
  ['no header', null, '05.000', '05.000', undefined],
  ['no date', 'yesterday', '05.000', '05.000', undefined],
])('%s', (...values) => {
  const [, header, sent, got, expected] = values;
  expect(clockSkewOf(header, { sentAt: at(sent), gotAt: at(got) })).toBe(expected);
});
