// Goal: an alert opens a drill when its source says so and in no other way, and drills and real alerts never select, count
// or key the same thing. Method: one model that is served in production and in a sandbox, and the same alert from both.
import { describe, expect, test } from '@jest/globals';
import type { Alert } from '../domain/alert.ts';
import type { Route } from '../domain/configuration.ts';
import type { InventoryEntry, ServingObject } from '../domain/inventory.ts';
import type { PinnedPlaybook } from '../domain/playbook.ts';
import { createRouter } from './routing.ts';

function serving(name: string): ServingObject {
  return {
    ...{ cluster: 'kubernetes', namespace: 'ml', kind: 'Deployment', name },
    ...{ container: 'server', role: 'stable' },
  };
}

function entry(model: string, change: Partial<InventoryEntry> = {}): InventoryEntry {
  return {
    ...{ model, registryName: model, alias: 'champion', serving: [serving(model)], replicas: 20 },
    ...{ service: `ml/${model}`, load: 'baked-image', pipeline: null, datasets: [], owner: 'ml' },
    ...{ datasetPointer: null, onIsolation: null, source: 'file', confidence: 'high' },
    ...change,
  };
}

function alertOf(labels: Readonly<Record<string, string>>): Alert {
  return {
    ...{ source: 'am', status: 'firing', fingerprint: 'f'.repeat(64), title: 'It drifts', labels },
    ...{ startsAt: '2026-11-20T02:00:00Z', endsAt: null, annotations: {}, details: {} },
  };
}

function route(name: string, change: Partial<Route>): Route {
  return {
    ...{ name, when: 'true', playbook: 'poisoned-data', mode: 'auto', vetoSeconds: 0 },
    ...{ severity: 'sev2', suspect: null, reopenWindowSeconds: 60, ...change },
  };
}

const PLAYBOOKS = ['model-drift', 'poisoned-data'].map((name): PinnedPlaybook => ({
  playbook: {
    ...{ formatVersion: 1, name, class: name, title: name, parameters: {}, steps: [] },
  },
  digest: name,
}));
const INVENTORY = [entry('fraud-scorer'), entry('ranker')];

describe('a drill', () => {
  const sandboxed = entry('fraud-scorer', {
    owner: 'rehearsal',
    serving: [{ ...serving('fraud-scorer'), cluster: 'sandbox' }],
  });
  const rehearsed = route('rehearsed', { drill: true });
  const router = createRouter({
    routes: [rehearsed, route('real', { mode: 'ask' })],
    inventory: [...INVENTORY, sandboxed],
    selectionRules: [],
    playbooks: PLAYBOOKS,
    drillSources: new Set(['rehearsal']),
    drillInstances: new Set(['sandbox']),
  });
  const labels = { model: 'fraud-scorer', namespace: 'ml', deployment: 'fraud-scorer' };
  const from = (source: string, more: Readonly<Record<string, string>> = {}) =>
    router.route({ alert: { ...alertOf({ ...labels, ...more }), source }, dedupeKey: 'd' }).routing;
  const model = { model: 'fraud-scorer' };
  const real = router.route({ alert: alertOf(model), dedupeKey: 'd' }).routing;
  const drill = router.route({ alert: { ...alertOf(model), source: 'rehearsal' }, dedupeKey: 'd' });

  test('is what its source says, on its own model, route, key and storm', () => {
    expect(real.incident).toMatchObject({ drill: false, route: 'real', mode: 'ask' });
    expect(real.incident.targets?.entry?.owner).toBe('ml');
    expect(drill.routing.incident).toMatchObject({ drill: true, route: 'rehearsed', mode: 'auto' });
    expect(drill.routing.incident.targets?.entry?.owner).toBe('rehearsal');
    expect(drill.routing.storm?.incident.drill).toBe(true);
    expect(drill.routing.incidentKey).not.toBe(real.incidentKey);
    expect(drill.routing.storm?.key).not.toBe(real.storm?.key);
  });

  test('never speaks about what is real, nor what is real about it', () => {
    expect(from('rehearsal').claimTargets).toEqual(['sandbox/Deployment/ml/fraud-scorer']);
    // Without a model a name alone counts, and only among one's own.
    const nameless = { ...alertOf({ namespace: 'ml', deployment: 'ranker' }), source: 'rehearsal' };
    expect(router.route({ alert: nameless, dedupeKey: 'd' }).routing.claimTargets).toEqual([]);
    expect(router.explainTargets({ ...nameless, labels: model }).entry?.owner).toBe('rehearsal');
    expect(real.claimTargets.every((target) => target.startsWith('kubernetes/'))).toBe(true);
  });

  test.each([
    ['a label', { drill: 'true', source: 'rehearsal', route: 'rehearsed' }],
    ['the name of the sandbox', { cluster: 'sandbox', owner: 'rehearsal' }],
  ])('cannot be asked for by %s', (_, more) => {
    expect(from('am', more).incident).toMatchObject({ drill: false, route: 'real' });
    expect(from('rehearsal', { drill: 'false', source: 'am' }).incident.drill).toBe(true);
  });

  test('is what a person says, whatever the words', () => {
    const said = { alert: alertOf({ ...model, drill: 'true' }), dedupeKey: 'd' };
    expect(router.route(said, { drill: false }).routing).toEqual(
      expect.objectContaining({ incidentKey: real.incidentKey }),
    );
    expect(router.route(said, { drill: true }).routing.incidentKey).toBe(drill.routing.incidentKey);
  });
});
