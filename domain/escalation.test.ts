// Goal: a ladder is climbed one rung at a time, in its order, and never stands still at a rung that reaches nobody.
// Method: the pure choice of the next rung, by cases and by walks over generated ladders.
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { escalationSchema } from './escalation-schema.ts';
import { DEFAULT_ESCALATION, nextRung, rungOf, rungPurpose, type TakenRung } from './escalation.ts';

const LADDER = DEFAULT_ESCALATION.approvals;
const STEP = { person: null, role: null, onCall: null, channels: ['slack'] } as const;

describe('the next rung', () => {
  test.each<[string, readonly TakenRung[], number, number | null]>([
    ['nothing before its time', [], 899, null],
    ['the first at its time', [], 900, 1],
    ['one at a time, however late', [], 100_000, 1],
    ['not the second before its time', [{ rung: 1, reached: true }], 1_799, null],
    ['the second at its time', [{ rung: 1, reached: true }], 1_800, 2],
    ['the second at once when the first reached nobody', [{ rung: 1, reached: false }], 900, 2],
    ['none after the last', [{ rung: 3, reached: false }], 100_000, null],
    ['none of a ladder that is shorter now', [{ rung: 5, reached: false }], 100_000, null],
  ])('is %s', (...[, taken, age, rung]) => {
    expect(nextRung(LADDER, taken, age)?.rung ?? null).toBe(rung);
  });

  test('is never one that was taken, and the walk ends at the top', () => {
    fc.assert(
      fc.property(fc.array(fc.boolean(), { maxLength: 8 }), (reached) => {
        const ladder = reached.map((_one, index) => ({ ...STEP, afterSeconds: 60 * (index + 1) }));
        const taken: TakenRung[] = [];
        for (const [index, one] of reached.entries()) {
          const next = nextRung(ladder, taken, 60 * (index + 1));
          expect(next?.rung).toBe(index + 1);
          taken.push({ rung: index + 1, reached: one });
        }
        expect(nextRung(ladder, taken, 1e9)).toBeNull();
      }),
    );
  });
});

test.each([
  [{ kind: 'approval', id: 'apr_1' }, 'inc_1'],
  [{ kind: 'incident', id: 'inc_1' }, 'inc_1'],
] as const)('a message of a rung of %j says which', (subject, incidentId) => {
  const purpose = rungPurpose(subject, 3);
  expect(rungOf({ incidentId, purpose })).toEqual({ subject, rung: 3 });
  expect(rungOf({ incidentId, purpose: `${purpose}/x` })).toBeNull();
  expect(rungOf({ incidentId: null, purpose: 'escalation/1' })).toBeNull();
});

describe('a configured ladder', () => {
  const rung = { afterSeconds: 60, role: 'responder' };
  test('is ours where the file says nothing of it', () => {
    expect(escalationSchema.parse({})).toEqual(DEFAULT_ESCALATION);
  });
  test.each<[string, object]>([
    ['two names on one rung', { approvals: [{ ...rung, person: 'mona' }] }],
    ['a rung of an incident that names nobody', { incidents: [{ afterSeconds: 60 }] }],
    ['rungs out of order', { approvals: [{ ...rung, afterSeconds: 120 }, rung] }],
    ['a channel that is none', { approvals: [{ ...rung, channels: ['fax'] }] }],
    ['no channel', { approvals: [{ ...rung, channels: [] }] }],
    ['a role that is none', { approvals: [{ ...rung, role: 'root' }] }],
    [
      'eleven rungs',
      {
        approvals: Array.from({ length: 11 }, (_one, n) => ({
          ...rung,
          afterSeconds: 60 * (n + 1),
        })),
      },
    ],
  ])('is refused with %s', (_name, ladder) => {
    expect(escalationSchema.safeParse(ladder).success).toBe(false);
  });
});
