import { describe, expect, test } from '@jest/globals';
import type { Json } from '../domain/json.ts';
import { titleWithGaps } from './proof-gaps.ts';

// Goal: who approves what follows from an unproven version reads what is not proven. Method: results as operations leave
// them, each beside the title that people are shown.

const TITLE = 'Go back to version 5';
const chosen = { status: 'unproven', version: '5', missing: ['No digest.', 'No run.'] };

describe('the title of an approval', () => {
  test.each<[string, readonly Json[], string]>([
    ['nothing was chosen', [], TITLE],
    ['what was chosen is proven', [{ ...chosen, status: 'proven' }], TITLE],
    ['nobody chose yet', [{ status: 'unproven', version: null, missing: [] }], TITLE],
    ['the value is something else', ['unproven', null, 5], TITLE],
    [
      'people chose without proofs',
      [chosen],
      `${TITLE} (version 5 is not proven: No digest. No run.)`,
    ],
    [
      'they chose again',
      [chosen, { ...chosen, version: '4', missing: ['No run.'] }],
      `${TITLE} (version 4 is not proven: No run.)`,
    ],
  ])('when %s', (...[, values, title]) => {
    expect(
      titleWithGaps(
        TITLE,
        values.map((value) => ({ value })),
      ),
    ).toBe(title);
  });

  test('is cut, however much is missing', () => {
    const missing = Array.from({ length: 500 }, () => 'No digest of it is on record.');
    expect(titleWithGaps(TITLE, [{ value: { ...chosen, missing } }])).toHaveLength(1_000);
  });
});
