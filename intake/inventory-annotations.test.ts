// Goal: Deployments become inventory entries with their source and confidence. Method: plain Deployments, annotated,
// discovered, joined and wrong.
import { describe, expect, test } from '@jest/globals';
import { entriesFromDeployments, mergeInventory } from './inventory-annotations.ts';
import type { DiscoveredDeployment } from './inventory-annotations.ts';

function deployment(
  name: string,
  change: Partial<DiscoveredDeployment> = {},
): DiscoveredDeployment {
  return {
    cluster: 'kubernetes',
    namespace: 'ml',
    name,
    replicas: 2,
    annotations: {},
    containers: [{ name: 'server', image: 'registry.example/x:6', env: {} }],
    ...change,
  };
}

const annotations = {
  'firebreak.dev/model': 'fraud-scorer',
  'firebreak.dev/role': 'stable',
  'firebreak.dev/service': 'fraud-scorer',
  'firebreak.dev/pipeline': 'nightly',
  'firebreak.dev/datasets': 'warehouse/a, warehouse/b,',
  'firebreak.dev/dataset-pointer': 'ml/fraud-training/dataset_version',
  'firebreak.dev/owner': 'ml-team',
  'firebreak.dev/on-isolation': 'previous-version',
  'unrelated/x': 'y',
};

describe('annotations', () => {
  test('describe a model in full, with high confidence', () => {
    const { entries, problems } = entriesFromDeployments([deployment('web', { annotations })]);
    expect(problems).toEqual([]);
    expect(entries).toEqual([
      {
        model: 'fraud-scorer',
        registryName: 'fraud-scorer',
        alias: 'champion',
        serving: [
          {
            cluster: 'kubernetes',
            namespace: 'ml',
            kind: 'Deployment',
            name: 'web',
            container: 'server',
            role: 'stable',
          },
        ],
        service: 'ml/fraud-scorer',
        load: 'baked-image',
        replicas: 2,
        pipeline: 'nightly',
        datasets: ['warehouse/a', 'warehouse/b'],
        datasetPointer: { namespace: 'ml', name: 'fraud-training', key: 'dataset_version' },
        owner: 'ml-team',
        onIsolation: 'previous-version',
        source: 'annotation',
        confidence: 'high',
      },
    ]);
  });

  test('of several Deployments make one entry', () => {
    const canary = { 'firebreak.dev/model': 'fraud-scorer', 'firebreak.dev/role': 'canary' };
    const { entries } = entriesFromDeployments([
      deployment('web-canary', { annotations: canary, replicas: 1 }),
      deployment('web', { annotations }),
    ]);
    expect(entries).toHaveLength(1);
    expect(entries[0]).toMatchObject({
      replicas: 3,
      owner: 'ml-team',
      service: 'ml/fraud-scorer',
      pipeline: 'nightly',
    });
    expect(entries[0]?.serving.map(({ name, role }) => [name, role])).toEqual([
      ['web-canary', 'canary'],
      ['web', 'stable'],
    ]);
  });

  test('that make no sense are told and left out', () => {
    const wrong = {
      ...annotations,
      'firebreak.dev/role': 'main',
      'firebreak.dev/dataset-pointer': 'x',
      'firebreak.dev/load': 'magic',
    };
    const { entries, problems } = entriesFromDeployments([
      deployment('web', { annotations: wrong }),
    ]);
    expect(problems.map(({ deployment: name }) => name)).toEqual(
      Array.from({ length: 3 }, () => 'kubernetes/ml/web'),
    );
    expect(entries[0]).toMatchObject({ load: 'baked-image', datasetPointer: null });
  });
});

describe('discovery', () => {
  test.each([
    [
      'models:/fraud-scorer/7',
      { load: 'pinned-uri', registryName: 'fraud-scorer', alias: 'champion' },
    ],
    [
      'models:/fraud-scorer@prod',
      { load: 'alias-at-start', registryName: 'fraud-scorer', alias: 'prod' },
    ],
  ])('%s names a model, with low confidence', (uri, expected) => {
    const containers = [
      { name: 'proxy', image: 'p', env: {} },
      { name: 'model', image: 'm', env: { MODEL_URI: uri } },
    ];
    const { entries } = entriesFromDeployments([deployment('web', { containers })]);
    expect(entries[0]).toMatchObject({
      model: 'fraud-scorer',
      source: 'discovery',
      confidence: 'low',
      ...expected,
    });
    expect(entries[0]?.serving[0]).toMatchObject({ container: 'model', role: 'only' });
  });

  test.each([['models:/'], ['models:/a/b/c'], ['s3://bucket/model'], ['models:/a/latest']])(
    '%s names none',
    (uri) => {
      const containers = [{ name: 'model', image: 'm', env: { MODEL_URI: uri } }];
      expect(entriesFromDeployments([deployment('web', { containers })]).entries).toEqual([]);
    },
  );

  test('what people wrote wins over what was found', () => {
    const { entries } = entriesFromDeployments([deployment('web', { annotations })]);
    const [found] = entries;
    if (!found) throw new Error('No entry.');
    const written = { ...found, owner: 'file', source: 'file' } as const;
    expect(mergeInventory([written], entries)).toEqual([written]);
    expect(mergeInventory([], entries)).toEqual(entries);
  });
});
