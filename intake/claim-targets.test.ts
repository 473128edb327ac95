// Goal: what monitors say about a containment of ours leads to the object that is held, and to nothing else. Method: the
// labels of well-known alerts about pods, Deployments and Services, against an inventory of two models.
import { describe, expect, test } from '@jest/globals';
import type { InventoryEntry } from '../domain/inventory.ts';
import { claimTargetsOf, indexNames } from './claim-targets.ts';

function entry(model: string): InventoryEntry {
  const object = {
    cluster: 'kubernetes',
    namespace: 'ml',
    kind: 'Deployment' as const,
    container: 'c',
  };
  return {
    ...{ model, registryName: model, alias: 'champion', service: `ml/${model}-svc` },
    serving: [
      { ...object, name: model, role: 'stable' },
      { ...object, name: `${model}-canary`, role: 'canary' },
    ],
    ...{ load: 'baked-image', replicas: 3, pipeline: null, datasets: [], datasetPointer: null },
    ...{ owner: 'ml', onIsolation: null, source: 'file', confidence: 'high' },
  };
}

const scorer = entry('scorer');
const named = indexNames([scorer, entry('ranker')]);
const STABLE = 'kubernetes/Deployment/ml/scorer';
const CANARY = 'kubernetes/Deployment/ml/scorer-canary';

function targets(labels: Readonly<Record<string, string>>, resolved: InventoryEntry | null = null) {
  const alert = {
    ...{
      source: 'am',
      status: 'firing' as const,
      fingerprint: 'f',
      startsAt: 't',
      endsAt: null,
      title: 'x',
    },
    ...{ labels, annotations: {}, details: {} },
  } as const;
  return claimTargetsOf(alert, resolved, named);
}

describe('claim targets', () => {
  test.each<[string, Readonly<Record<string, string>>, readonly string[]]>([
    ['KubePodNotReady', { namespace: 'ml', pod: 'scorer-canary-9j9nz5wptd-v46n5' }, [CANARY]],
    ['a pod of the stable one', { namespace: 'ml', pod: 'scorer-6bd5c8f7c9-x2x4z' }, [STABLE]],
    ['KubeDeploymentReplicasMismatch', { namespace: 'ml', deployment: 'scorer' }, [STABLE]],
    ['TargetDown', { namespace: 'ml', service: 'scorer-svc' }, [STABLE, CANARY]],
    ['another namespace', { namespace: 'web', pod: 'scorer-6bd5c8f7c9-x2x4z' }, []],
    ['a pod that only begins alike', { namespace: 'ml', pod: 'scorer-batch-6bd5c8f7c9-x2x4z' }, []],
    ['no namespace', { deployment: 'scorer' }, []],
    ['nothing that is named', { namespace: 'ml', job: 'node' }, []],
  ])('%s', (...[, labels, expected]) => {
    expect(targets(labels)).toEqual(expected);
  });

  test('of a known model: the object that is named, else all of it', () => {
    expect(targets({ model: 'scorer' }, scorer)).toEqual([STABLE, CANARY]);
    expect(targets({ namespace: 'ml', deployment: 'scorer-canary' }, scorer)).toEqual([CANARY]);
  });
});
