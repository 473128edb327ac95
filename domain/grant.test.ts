// Goal: a role on one object is good for that object and nothing else, and what nobody wrote down is covered by no team and no
// namespace. Method: holders of one grant each against models, targets of plans and lists.
import { describe, expect, test } from '@jest/globals';
import { modelsSeen, rolesAnywhere, rolesOnModel, rolesOnTargets, type Grant } from './grant.ts';
import type { InventoryEntry } from './inventory.ts';

const served = (namespace: string, name: string): InventoryEntry['serving'][number] => ({
  ...{ cluster: 'kubernetes', namespace, kind: 'Deployment', name },
  ...{ container: 'server', role: 'only' },
});
const entry = (model: string, change: Partial<InventoryEntry>): InventoryEntry => ({
  ...{ model, registryName: model, alias: 'champion', serving: [served('ml', model)] },
  ...{ service: null, load: 'pinned-uri', replicas: 1, pipeline: null, datasets: [] },
  ...{ datasetPointer: null, owner: 'o', onIsolation: null, source: 'file', confidence: 'high' },
  ...change,
});
const WRITTEN = [
  entry('fraud', { team: 'risk', registryName: 'fraud-v', service: 'ml/fraud' }),
  entry('both', { team: 'risk', serving: [served('ml', 'both'), served('shop', 'both')] }),
  entry('price', { team: 'shop', serving: [served('shop', 'price')], pipeline: 'train-price' }),
];
const holder = (...grants: (Omit<Grant, 'role'> & Partial<Grant>)[]) => ({
  roles: [],
  grants: grants.map((grant) => ({ role: 'responder' as const, ...grant })),
});

describe('on a model', () => {
  test.each([
    ['its name', { on: 'model', name: 'fraud' }, ['fraud']],
    ['a name that nobody wrote down', { on: 'model', name: 'gone' }, ['gone']],
    ['its team', { on: 'team', name: 'risk' }, ['fraud', 'both']],
    ['its only namespace', { on: 'namespace', name: 'shop' }, ['price']],
    ['its namespace, of two', { on: 'namespace', name: 'ml' }, ['fraud']],
    ['a team of that name as a model', { on: 'model', name: 'risk' }, ['risk']],
  ] as const)('by %s', (_by, grant, covered) => {
    const models = ['fraud', 'both', 'price', 'gone', 'risk', null];
    const on = models.filter((model) => rolesOnModel(holder(grant), model, WRITTEN).length > 0);
    expect(on).toEqual(covered);
    const seen = modelsSeen(holder(grant), WRITTEN) ?? [];
    expect([...seen].sort()).toEqual([...covered].sort());
  });

  test('two namespaces together cover what serves in both; roles do not lend each other', () => {
    const ml = { on: 'namespace', name: 'ml' } as const;
    const shop = { on: 'namespace', name: 'shop' } as const;
    expect(rolesOnModel(holder(ml, shop), 'both', WRITTEN)).toEqual(['responder']);
    expect(rolesOnModel(holder(ml, { ...shop, role: 'viewer' }), 'both', WRITTEN)).toEqual([]);
  });

  test('a role everywhere is good for what has no model, and sees every list', () => {
    const both = { ...holder({ on: 'team', name: 'risk' }), roles: ['viewer' as const] };
    expect(rolesOnModel(both, null, WRITTEN)).toEqual(['viewer']);
    expect(rolesOnModel(both, 'fraud', WRITTEN)).toEqual(['viewer', 'responder']);
    expect(rolesAnywhere(both)).toEqual(['viewer', 'responder']);
    expect(modelsSeen(both, WRITTEN)).toBeNull();
    expect(modelsSeen({ roles: [] }, WRITTEN)).toEqual([]);
  });

  test('one name for what is real and for a drill: both have to be covered', () => {
    const drill = entry('fraud', { team: 'other', serving: [served('sandbox', 'fraud')] });
    expect(
      rolesOnModel(holder({ on: 'team', name: 'risk' }), 'fraud', [...WRITTEN, drill]),
    ).toEqual([]);
  });
});

describe('on the targets of plans', () => {
  const RISK = holder({ on: 'team', name: 'risk' });
  test.each([
    ['its Deployment', 'kubernetes/Deployment/ml/fraud', true],
    ['its Service', 'kubernetes/Service/ml/fraud', true],
    ['its alias, by the name of the registry', 'mlflow/Alias/fraud-v/champion', true],
    ['another team’s Deployment', 'kubernetes/Deployment/shop/price', false],
    ['another team’s pipeline', 'airflow/Dag/-/train-price', false],
    ['a pod that nobody wrote down', 'kubernetes/Pod/ml/x-1', false],
    ['a model that nobody wrote down', 'mlflow/Alias/other/champion', false],
    ['nothing that can be read', '', false],
  ])('%s', (_what, target, covered) => {
    expect(rolesOnTargets(RISK, [target], WRITTEN).length > 0).toBe(covered);
    // One that is not covered is enough.
    const fraud = 'kubernetes/Deployment/ml/fraud';
    expect(rolesOnTargets(RISK, [fraud, target], WRITTEN).length > 0).toBe(covered);
  });

  test('a namespace covers what is in it, written down or not', () => {
    const ml = holder({ on: 'namespace', name: 'ml' });
    expect(rolesOnTargets(ml, ['kubernetes/Pod/ml/x-1'], WRITTEN)).toEqual(['responder']);
    expect(rolesOnTargets(ml, ['mlflow/Alias/ml/champion'], WRITTEN)).toEqual([]);
    // The other half of this model serves elsewhere.
    expect(rolesOnTargets(ml, ['kubernetes/Deployment/ml/both'], WRITTEN)).toEqual([]);
  });

  test('without any target it is for whoever holds a role at all', () => {
    expect(rolesOnTargets(RISK, [], WRITTEN)).toEqual(['responder']);
    expect(rolesOnTargets({ roles: ['viewer'] }, ['x'], WRITTEN)).toEqual(['viewer']);
  });
});
