import type { Json, JsonObject } from '../domain/json.ts';

const IMAGE = 'registry.example:5000/fraud-scorer';

/** Ready addresses of a Service, all of one version. */
export function address(version: string, count: number): readonly Json[] {
  return Array.from({ length: count }, (_, index) => ({
    ip: `10.0.0.${index.toString()}`,
    ready: true,
    version,
  }));
}

/** Replicas of a Deployment, all of one version. */
export function replicas(deployment: string, version: string, count: number): readonly Json[] {
  return Array.from({ length: count }, () => ({
    pod: 'p',
    deployment,
    image: IMAGE,
    modelUri: null,
    version,
  }));
}

/** One sample of a metric that is told by version. */
export function sample(version: string, value: number): Json {
  return { labels: { version }, value };
}

/** What a probe of metrics answers with these samples. */
export function samples(...list: readonly Json[]): JsonObject {
  return { samples: list, value: null };
}

const deployment = (ready: number): JsonObject => ({
  exists: true,
  replicas: ready,
  readyReplicas: ready,
  images: { server: `${IMAGE}:6` },
});
const receipt = (externalId: string): JsonObject => ({
  targets: [{ target: 't', externalId, before: {}, after: {} }],
});

/** What each operation saw in a world that goes well: 7 is bad, 6 is known good, 10 is new. */
export const WORLD: JsonObject = {
  'canary-before': { replicas: replicas('fraud-scorer-canary', '7', 1), versions: ['7'] },
  'running-before': {
    replicas: [...replicas('fraud-scorer', '6', 19), ...replicas('fraud-scorer-canary', '7', 1)],
    versions: ['6', '7'],
  },
  'alias-before': { version: '7' },
  'alias-still-held': { version: '7' },
  'canary-is-gone': deployment(0),
  'no-suspect-endpoint': { addresses: address('6', 19) },
  'out-of-service': { targets: [] },
  'suspect-not-loaded': samples(sample('6', 1), sample('7', 0)),
  'no-suspect-requests': samples(sample('6', 37.5), sample('7', 0)),
  'blast-radius': {
    suspect: 'model:fraud-scorer@7',
    known: true,
    models: [{ name: 'fraud-scorer', version: '7' }],
    truncated: false,
  },
  'drift-now': { samples: [sample('7', 0.8)], value: 0.8 },
  'drift-after-revert': { samples: [sample('6', 0.1)], value: 0.1 },
  'suspect-bytes': { sha256: 'b', bytes: 1, files: [] },
  'suspect-record': { version: '7', digest: 'a' },
  'known-good': {
    status: 'proven',
    version: '6',
    digest: 'c',
    datasets: ['dataset:landing/feed@x', 'dataset:warehouse/transactions@2026-11-18'],
    rejected: [],
    unproven: [],
  },
  'stable-before': deployment(19),
  'replicas-run-known-good': { replicas: replicas('fraud-scorer', '6', 19), versions: ['6'] },
  'replicas-after-restart': { replicas: replicas('fraud-scorer', '6', 19), versions: [] },
  'replicas-loaded-known-good': samples(sample('6', 19), sample('7', 0)),
  'replicas-on-new-version': { replicas: replicas('fraud-scorer', '10', 20), versions: [] },
  'replicas-loaded-new-version': samples(sample('10', 20), sample('6', 0)),
  'anomaly-after-restart': { samples: [], value: 0.05 },
  'drift-after-restart': { samples: [], value: 0.1 },
  'loaded-is-known-good': samples(sample('6', 19)),
  'alias-is-known-good': { version: '6' },
  'executed-tasks': {
    runs: [],
    tasks: [{ dag: 'd', runId: 'r', task: 'train', state: 'success' }],
  },
  'declared-tasks': { tasks: [{ id: 'train', downstream: [] }] },
  'pointer-is-clean': { exists: true, data: { dataset_version: '2026-11-18' } },
  'ingest-guard': { exists: true, data: { 'signed-batches-only': 'true' } },
  'artifact-guard': { exists: true, data: { 'signed-artifacts-only': 'true' } },
  retrain: receipt('firebreak-0123456789abcdef01234567'),
  'retraining-run': { exists: true, state: 'success' },
  'new-version': {
    version: '10',
    runId: 'r',
    digest: 'd',
    metrics: { auc: 0.93, anomaly_score: 0 },
    datasets: [],
  },
  'new-version-bytes': { sha256: 'd', bytes: 1, files: [] },
  'shares-at-5': { addresses: [...address('6', 19), ...address('10', 1)] },
  'shares-at-25': { addresses: [...address('6', 15), ...address('10', 5)] },
  'anomaly-at-5': { samples: [], value: 0.05 },
  'anomaly-at-25': { samples: [], value: 0 },
  'anomaly-at-100': { samples: [], value: 0.2 },
  'canary-is-ready': deployment(20),
  'only-new-version': { addresses: address('10', 20) },
  'stable-is-ready': deployment(20),
  'replicas-run-new-version': { replicas: replicas('fraud-scorer', '10', 20), versions: ['10'] },
  'loaded-is-new-version': samples(sample('10', 20), sample('6', 0)),
};
