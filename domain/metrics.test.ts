// Goal: every metric has both of its ends, unknown stays unknown, and a wrong order is said and not measured.
// Method: one whole incident with known times; each milestone taken away or moved in turn.
import { describe, expect, test } from '@jest/globals';
import { computeMetrics } from './metrics.ts';
import { incident, sampleFacts, type SampleFact } from './sample-incident.ts';

const at = (time: string): string => `2026-11-20T${time}.000Z`;
const MINUTE = 60_000;

const whole: readonly SampleFact[] = [
  {
    kind: 'alert.received',
    occurredAt: at('09:55:00'),
    data: { receivedAt: at('10:00:00') },
    recordedAt: at('10:00:02'),
  },
  { kind: 'incident.opened', recordedAt: at('10:00:01') },
  { kind: 'step.started', step: 'isolate', recordedAt: at('10:00:02') },
  { kind: 'incident.acknowledged', recordedAt: at('10:02:00') },
  {
    kind: 'step.ended',
    step: 'isolate',
    data: { outcome: 'succeeded' },
    recordedAt: at('10:03:00'),
  },
  { kind: 'containment.verified', recordedAt: at('10:03:00') },
  { kind: 'lineage.traced', data: { known: true, truncated: true }, recordedAt: at('10:04:00') },
  { kind: 'lineage.traced', data: { known: true, truncated: false }, recordedAt: at('10:05:00') },
  { kind: 'step.started', step: 'revert', recordedAt: at('10:05:00') },
  { kind: 'approval.requested', data: { approvalId: 'a', people: 2 }, recordedAt: at('10:06:00') },
  {
    kind: 'decision.admitted',
    data: { kind: 'approve', approvalId: 'a' },
    recordedAt: at('10:08:00'),
  },
  {
    kind: 'decision.admitted',
    data: { kind: 'approve', approvalId: 'a' },
    recordedAt: at('10:10:00'),
  },
  {
    kind: 'step.ended',
    step: 'revert',
    data: { outcome: 'succeeded' },
    recordedAt: at('10:12:00'),
  },
  { kind: 'incident.stabilised', recordedAt: at('10:12:00') },
  { kind: 'step.started', step: 'redeploy', recordedAt: at('10:15:00') },
  { kind: 'approval.requested', data: { approvalId: 'b', people: 1 }, recordedAt: at('10:20:00') },
  { kind: 'approval.expired', data: { approvalId: 'b' }, recordedAt: at('10:21:00') },
  {
    kind: 'step.ended',
    step: 'redeploy',
    data: { outcome: 'succeeded' },
    recordedAt: at('11:00:00'),
  },
  { kind: 'incident.closed', recordedAt: at('12:00:00') },
];

describe('computeMetrics', () => {
  test('measures a whole incident', () => {
    expect(computeMetrics(incident, sampleFacts(whole))).toMatchObject({
      detectMs: 5 * MINUTE,
      acknowledgeMs: 2 * MINUTE,
      declareMs: 1000,
      containMs: 3 * MINUTE,
      exposureMs: 8 * MINUTE,
      scopeMs: 5 * MINUTE,
      restoreMs: 12 * MINUTE,
      restoreFromOnsetMs: 17 * MINUTE,
      redeployMs: 48 * MINUTE,
      humanWaitMs: 5 * MINUTE,
      longestHumanWaitMs: 4 * MINUTE,
      automationShare: 2 / 3,
      alerts: 3,
      violations: [],
    });
  });

  test.each([
    [
      'alert.received',
      ['detectMs', 'acknowledgeMs', 'declareMs', 'containMs', 'scopeMs', 'restoreMs'],
    ],
    ['incident.acknowledged', ['acknowledgeMs']],
    ['containment.verified', ['containMs', 'exposureMs']],
    ['lineage.traced', ['scopeMs']],
    ['incident.stabilised', ['restoreMs', 'restoreFromOnsetMs', 'redeployMs']],
    ['approval.requested', ['humanWaitMs', 'longestHumanWaitMs']],
  ] as const)('without %s nothing is made up', (kind, unknown) => {
    const metrics = computeMetrics(
      incident,
      sampleFacts(whole.filter((fact) => fact.kind !== kind)),
    );
    const names = Object.entries(metrics).flatMap(([name, value]) =>
      value === null ? [name] : [],
    );
    expect(names.toSorted()).toEqual([...unknown].toSorted());
  });

  test('without any fact only what the row knows is known', () => {
    const metrics = computeMetrics({ ...incident, onsetAt: null }, []);
    expect(Object.values(metrics.anchors).filter(({ at: time }) => time !== null)).toHaveLength(1);
    expect(metrics).toMatchObject({ exposureMs: null, automationShare: null, violations: [] });
  });

  test('milestones in the wrong order are reported and not measured', () => {
    const moved = whole.map((fact) =>
      fact.kind === 'containment.verified' ? { ...fact, occurredAt: at('09:50:00') } : fact,
    );
    const metrics = computeMetrics(incident, sampleFacts(moved));
    expect(metrics.violations).toEqual([
      { earlier: 'declared', later: 'contained', facts: [2, 6] },
    ]);
    expect(metrics).toMatchObject({ containMs: null, exposureMs: null, restoreMs: 12 * MINUTE });
  });

  test('an onset after the alert is reported', () => {
    const metrics = computeMetrics({ ...incident, onsetAt: at('10:30:00') }, sampleFacts(whole));
    expect(metrics.violations[0]).toMatchObject({ earlier: 'onset', later: 'alert' });
    expect(metrics.detectMs).toBeNull();
  });
});
