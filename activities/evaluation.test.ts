// Goal: a playbook finds what carries a model's normal traffic, whether there is a canary beside it or not.
// Method: the expression that the shipped playbooks use, evaluated on entries as the inventory holds them.
import { describe, expect, test } from '@jest/globals';
import type { InventoryEntry, ServingObject } from '../domain/inventory.ts';
import type { PinnedPlaybook } from '../domain/playbook.ts';
import { incident } from '../domain/sample-incident.ts';
import { callOf, contextOf } from './evaluation.ts';

const PINNED: PinnedPlaybook = {
  playbook: {
    formatVersion: 1,
    name: 'sample',
    class: 'sample',
    title: 'A sample',
    parameters: {},
    steps: [],
  },
  digest: 'd'.repeat(64),
};

function serving(name: string, role: ServingObject['role']): ServingObject {
  const place = { cluster: 'kubernetes', namespace: 'ml', kind: 'Deployment' } as const;
  return { ...place, name, container: 'server', role };
}

const ENTRY: InventoryEntry = {
  model: 'm',
  registryName: 'm',
  alias: 'champion',
  serving: [],
  service: null,
  load: 'baked-image',
  replicas: 3,
  pipeline: null,
  datasets: [],
  datasetPointer: null,
  owner: 'ada',
  onIsolation: null,
  source: 'file',
  confidence: 'high',
};

function nameOf(objects: readonly ServingObject[], role: string): unknown {
  const entry = { ...ENTRY, serving: objects };
  const targets = { status: 'resolved', entry, candidates: [], steps: [] } as const;
  const context = contextOf({
    incident: { ...incident, targets },
    pinned: PINNED,
    results: [],
    now: new Date(0),
  });
  const name = `\${{ pick(model.serving, 'role', '${role}').name }}`;
  return callOf({ use: 'kubernetes.deployment', instance: null, with: { name } }, context).input;
}

describe('what playbooks read of a model', () => {
  test('the only object is the stable one', () => {
    expect(nameOf([serving('alone', 'only')], 'stable')).toEqual({ name: 'alone' });
  });

  test('no canary appears where there is none', () => {
    expect(() => nameOf([serving('alone', 'only')], 'canary')).toThrow('no item has this value');
  });

  test('stable and canary are what the inventory says', () => {
    const both = [serving('trial', 'canary'), serving('main', 'stable')];
    expect(nameOf(both, 'stable')).toEqual({ name: 'main' });
    expect(nameOf(both, 'canary')).toEqual({ name: 'trial' });
  });
});
