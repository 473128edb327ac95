// Goal: people tell a drill from what is real by its title, and words from outside cannot make one look like the other;
// an entry is a drill's only when nothing real serves it. Method: tables.
import { describe, expect, test } from '@jest/globals';
import { drillInstances, isDrillEntry, markedTitle } from './drill.ts';
import type { ServingObject } from './inventory.ts';

describe('a title', () => {
  test.each<[string, string, string]>([
    ['Scores drift', '[DRILL] Scores drift', 'Scores drift'],
    ['[DRILL] Scores drift', '[DRILL] Scores drift', 'drill Scores drift'],
    ['[sev2] #5 [DRILL] Scores', '[DRILL] [sev2] #5 Scores', '[sev2] #5 drill Scores'],
    ['【 Drill 】 is poison', '[DRILL] is poison', 'drill is poison'],
    ['(drill)(DRILL)', '[DRILL] ', 'drilldrill'],
    ['drill bits are late', '[DRILL] drill bits are late', 'drill bits are late'],
  ])('%j', (title, ofDrill, ofReal) => {
    expect(markedTitle(title, { drill: true })).toBe(ofDrill);
    expect(markedTitle(title, { drill: false })).toBe(ofReal);
    // What is marked twice is marked once.
    expect(markedTitle(ofDrill, { drill: true })).toBe(ofDrill);
    expect(markedTitle(ofReal, { drill: false })).toBe(ofReal);
  });
});

describe('an entry of the inventory', () => {
  const drills = drillInstances([
    { name: 'sandbox', drill: true },
    { name: 'kubernetes' },
    { name: 'other', drill: false },
  ]);
  const served = (...clusters: readonly string[]): readonly ServingObject[] =>
    clusters.map((cluster) => ({
      ...{ cluster, namespace: 'ml', kind: 'Deployment', name: 'web' },
      ...{ container: 'server', role: 'only' },
    }));

  test.each<[string, readonly string[], boolean]>([
    ['in the sandbox alone', ['sandbox', 'sandbox'], true],
    ['half in the sandbox', ['sandbox', 'kubernetes'], false],
    ['outside', ['kubernetes', 'other'], false],
    ['nowhere', [], false],
  ])('served %s', (_, clusters, isDrill) => {
    expect(isDrillEntry({ serving: served(...clusters) }, drills)).toBe(isDrill);
  });
});
