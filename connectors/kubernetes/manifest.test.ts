import { describe, expect, test } from '@jest/globals';
import { destroyedBy } from '../../domain/destruction.ts';
import type { Json } from '../../domain/json.ts';
import { manifest } from './manifest.ts';

// Goal: claims and approvals hang on what the manifest says; method: its targets and classes as a table.
describe('the manifest', () => {
  test.each([
    ['scale', { namespace: 'ml', name: 'a', replicas: 0 }, 'Deployment/ml/a', 'R1'],
    [
      'route-service',
      { namespace: 'ml', name: 's', selector: { track: 'stable' } },
      'Service/ml/s',
      'R1',
    ],
    [
      'config-map-key',
      { namespace: 'ml', name: 'c', key: 'k', value: 'v' },
      'ConfigMap/ml/c',
      'R3',
    ],
    ['restart', { namespace: 'ml', name: 'a' }, 'Deployment/ml/a', 'R2'],
  ])('%s acts on %p', (...[name, input, target, approvalClass]) => {
    const action = manifest.actions[name];
    expect(action?.target(input)).toBe(target);
    expect(action?.approvalClass).toBe(approvalClass);
  });

  test.each<[string, Json, Json, 'apply' | 'undo', boolean]>([
    ['scale', { replicas: 2 }, { replicas: 0 }, 'apply', true],
    ['scale', { replicas: 2 }, { replicas: 0 }, 'undo', false],
    ['scale', { replicas: 0 }, { replicas: 2 }, 'undo', true],
    ['scale', { replicas: 2 }, { replicas: 2 }, 'apply', false],
    ['scale', null, { replicas: 2 }, 'apply', true],
    ['quarantine-pod', null, null, 'apply', false],
    ['quarantine-pod', null, null, 'undo', true],
    ['restart', null, null, 'apply', true],
    ['route-service', null, null, 'apply', false],
  ])('%s from %j to %j, %s, destroys pods: %p', (...[name, before, after, direction, is]) => {
    const destroyed = destroyedBy(manifest.actions[name]?.destroys, { before, after }, direction);
    expect(destroyed !== null).toBe(is);
  });

  test.each([
    ['a negative count', { namespace: 'ml', name: 'a', replicas: -1 }],
    ['a path as a name', { namespace: 'ml', name: '../secrets', replicas: 1 }],
    ['no namespace', { name: 'a', replicas: 1 }],
  ])('refuses %s', (_what, input) => {
    expect(() => manifest.actions['scale']?.target(input)).toThrow();
  });
});
