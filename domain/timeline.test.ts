// Goal: the timeline shows every fact once in each order, with both times and its causes.
// Method: laws over generated facts, and one example of a fact that was learned late.
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { STEP_NAMES } from './playbook.ts';
import { sampleFacts } from './sample-incident.ts';
import { foldTimeline, timeOf } from './timeline.ts';

describe('foldTimeline', () => {
  test('what happened first comes first, though it was learned later', () => {
    const timeline = foldTimeline(
      sampleFacts([
        { kind: 'incident.opened', key: 'opened' },
        {
          kind: 'probe.observed',
          occurredAt: '2026-11-20T09:00:00Z',
          causes: ['opened', 'elsewhere'],
          step: 'audit',
        },
        { kind: 'incident.note', occurredAt: 'yesterday' },
      ]),
    );
    expect(timeline.learned.map(({ fact }) => fact)).toEqual([1, 2, 3]);
    expect(timeline.happened.map(({ fact }) => fact)).toEqual([2, 1, 3]);
    expect(timeline.learned[1]?.causes).toEqual([1]);
    expect(timeline.learned[2]?.happenedAt).toBe(timeline.learned[2]?.learnedAt);
    expect(
      timeline.lanes.find(({ step }) => step === 'audit')?.entries.map(({ fact }) => fact),
    ).toEqual([2]);
  });

  test('loses nothing, invents nothing and is in order', () => {
    const fact = fc.record({
      kind: fc.constant('incident.note' as const),
      step: fc.constantFrom(null, ...STEP_NAMES),
      occurredAt: fc.option(
        fc
          .date({ noInvalidDate: true, min: new Date(0), max: new Date(4e12) })
          .map((date) => date.toISOString()),
        { nil: null },
      ),
    });
    fc.assert(
      fc.property(fc.array(fact, { maxLength: 20 }), (facts) => {
        const { happened, learned, lanes } = foldTimeline(sampleFacts(facts).toReversed());
        const sequences = facts.map((_, index) => index + 1);
        expect(learned.map((entry) => entry.fact)).toEqual(sequences);
        expect(happened.map((entry) => entry.fact).toSorted((a, b) => a - b)).toEqual(sequences);
        const times = happened.map((entry) => timeOf(entry.happenedAt) ?? 0);
        expect(times).toEqual(times.toSorted((a, b) => a - b));
        expect(lanes.flatMap(({ entries }) => entries)).toHaveLength(facts.length);
      }),
    );
  });
});
