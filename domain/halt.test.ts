import { describe, expect, test } from '@jest/globals';
import {
  haltObstacle,
  haltsOn,
  resumeCommandOf,
  shellWord,
  thingOfEffect,
  thingOfIncident,
  type Halt,
  type HaltSubject,
} from './halt.ts';

// Goal: a halt stops exactly what it names. Method: one effect, and halts that are about it or about its neighbours.

const incident = { playbookName: 'poisoned-data', model: 'fraud-scorer', targets: null };
const row = {
  instance: 'kubernetes-eu',
  use: 'kubernetes.scale',
  target: 'kubernetes-eu/Deployment/ml/canary',
  plan: {
    summary: '',
    targets: ['Deployment/ml/canary', 'HorizontalPodAutoscaler/scaling/canary', 'Alias/-/champion'],
    before: null,
    after: null,
    token: null,
    undo: '',
  },
};

function halted({ scope, subject }: HaltSubject, resumedAt: string | null = null): Halt {
  return {
    id: 'hlt_1',
    scope,
    subject,
    reason: 'it goes wild',
    haltedBy: 'ada',
    channel: 'cli',
    haltedAt: '2026-11-23T10:00:00.000Z',
    resumedBy: resumedAt === null ? null : 'grace',
    resumedReason: resumedAt === null ? null : 'mended',
    resumedAt,
  };
}

describe('a halt', () => {
  test.each<[HaltSubject, boolean]>([
    [{ scope: 'all', subject: null }, true],
    [{ scope: 'playbook', subject: 'poisoned-data' }, true],
    [{ scope: 'playbook', subject: 'model-drift' }, false],
    [{ scope: 'model', subject: 'fraud-scorer' }, true],
    [{ scope: 'model', subject: 'fraud' }, false],
    [{ scope: 'namespace', subject: 'ml' }, true],
    [{ scope: 'namespace', subject: 'scaling' }, true],
    [{ scope: 'namespace', subject: '-' }, false],
    [{ scope: 'namespace', subject: 'canary' }, false],
    [{ scope: 'connector', subject: 'kubernetes' }, true],
    [{ scope: 'connector', subject: 'kubernetes-eu' }, true],
    [{ scope: 'connector', subject: 'kubernetes-us' }, false],
  ])('of %j stops the effect: %s', (subject, stops) => {
    const halts = [halted(subject)];
    expect(haltsOn(halts, thingOfEffect(incident, row))).toEqual(stops ? halts : []);
    expect(haltsOn(halts, thingOfIncident(incident, [row]))).toEqual(stops ? halts : []);
  });

  test('that was lifted stops nothing', () => {
    const lifted = halted({ scope: 'all', subject: null }, '2026-11-23T11:00:00.000Z');
    expect(haltsOn([lifted], thingOfEffect(incident, row))).toEqual([]);
  });

  test('is told with who, why, and the exact command that lifts it', () => {
    const told = haltObstacle(halted({ scope: 'model', subject: 'fraud-scorer' }));
    expect(told).toContain('ada halted model fraud-scorer');
    expect(told).toContain('it goes wild');
    expect(told).toContain('`firebreak resume --model fraud-scorer --reason "WHY"`');
    expect(resumeCommandOf({ scope: 'all', subject: null })).toBe(
      'firebreak resume --all --reason "WHY"',
    );
  });

  test.each([
    ['fraud-scorer', 'fraud-scorer'],
    ['two words', "'two words'"],
    ['$(rm -rf /)', "'$(rm -rf /)'"],
    ["it's", String.raw`'it'\''s'`],
    ['--all', "'--all'"],
  ])('names %s as the shell takes it: %s', (word, quoted) => {
    expect(shellWord(word)).toBe(quoted);
  });
});
