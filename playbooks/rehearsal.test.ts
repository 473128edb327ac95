// Goal: every expression of the shipped playbooks works on replies of the shapes that connectors give: inputs fit the
// manifests and every check passes on a good world, and fails or is inconclusive on a bad one. Method: each operation is
// evaluated in order against a small world told here by name of operation.
import { beforeAll, describe, expect, test } from '@jest/globals';
import { isAppError } from '../domain/error.ts';
import type { EvaluationContext } from '../domain/evaluation.ts';
import type { Json, JsonObject } from '../domain/json.ts';
import type { Playbook, PlaybookOperation } from '../domain/playbook.ts';
import { flatten } from '../domain/playbook.ts';
import { compileExpression } from '../expression/expression.ts';
import { compileTemplate } from '../expression/template.ts';
import { createCatalogue } from './catalogue.ts';
import { callsOf } from './check.ts';
import { loadPlaybooks } from './loader.ts';
import { SAMPLE_MANIFESTS } from './sample-playbook.ts';

const IMAGE = 'registry.example:5000/fraud-scorer';

function address(version: string, count: number): readonly Json[] {
  return Array.from({ length: count }, (_, index) => ({
    ip: `10.0.0.${index.toString()}`,
    ready: true,
    version,
  }));
}

function replicas(deployment: string, version: string, count: number): readonly Json[] {
  return Array.from({ length: count }, () => ({
    pod: 'p',
    deployment,
    image: IMAGE,
    modelUri: null,
    version,
  }));
}

function sample(version: string, value: number): Json {
  return { labels: { version }, value };
}

const deployment = (ready: number): JsonObject => ({
  exists: true,
  replicas: ready,
  readyReplicas: ready,
  images: { server: `${IMAGE}:6` },
});
const samples = (...list: readonly Json[]): JsonObject => ({ samples: list, value: null });
const receipt = (externalId: string): JsonObject => ({
  targets: [{ target: 't', externalId, before: {}, after: {} }],
});

/** What each operation saw in a world that goes well: 7 is bad, 6 is known good, 10 is new. */
const WORLD: JsonObject = {
  'canary-before': { replicas: replicas('fraud-scorer-canary', '7', 1), versions: ['7'] },
  'running-before': {
    replicas: [...replicas('fraud-scorer', '6', 19), ...replicas('fraud-scorer-canary', '7', 1)],
    versions: ['6', '7'],
  },
  'alias-before': { version: '7' },
  'alias-still-held': { version: '7' },
  'canary-is-gone': deployment(0),
  'no-suspect-endpoint': { addresses: address('6', 19) },
  'suspect-not-loaded': samples(sample('6', 1), sample('7', 0)),
  'no-suspect-requests': samples(sample('6', 37.5), sample('7', 0)),
  'blast-radius': {
    suspect: 's',
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

/** Replies that must not pass, by operation. */
const BAD: readonly (readonly [string, string, Json, false | 'inconclusive'])[] = [
  [
    'poisoned-data',
    'no-suspect-endpoint',
    { addresses: [...address('6', 19), ...address('7', 1)] },
    false,
  ],
  ['poisoned-data', 'no-suspect-endpoint', { addresses: [] }, false],
  [
    'poisoned-data',
    'no-suspect-endpoint',
    { addresses: [{ ip: '1', ready: true, version: null }] },
    'inconclusive',
  ],
  ['poisoned-data', 'suspect-not-loaded', samples(), false],
  ['poisoned-data', 'suspect-not-loaded', samples(sample('6', 1), sample('7', 1)), false],
  ['poisoned-data', 'no-suspect-requests', samples(sample('7', 0.5)), false],
  [
    'poisoned-data',
    'replicas-run-known-good',
    { replicas: [...replicas('fraud-scorer', '6', 18), ...replicas('fraud-scorer', '7', 1)] },
    false,
  ],
  ['poisoned-data', 'replicas-run-known-good', { replicas: [] }, false],
  ['poisoned-data', 'loaded-is-known-good', samples(), false],
  [
    'poisoned-data',
    'pointer-is-clean',
    { exists: true, data: { dataset_version: '2026-11-19' } },
    false,
  ],
  ['poisoned-data', 'ingest-guard', { exists: true, data: {} }, false],
  ['poisoned-data', 'ingest-guard', { exists: false, data: {} }, false],
  ['poisoned-data', 'retraining-run', { exists: true, state: 'failed' }, false],
  ['poisoned-data', 'new-version', { version: null, metrics: {} }, false],
  ['poisoned-data', 'new-version-bytes', { sha256: 'other' }, false],
  [
    'poisoned-data',
    'shares-at-5',
    { addresses: [...address('6', 18), ...address('10', 2)] },
    false,
  ],
  [
    'poisoned-data',
    'shares-at-25',
    { addresses: [...address('6', 19), ...address('10', 1)] },
    false,
  ],
  ['poisoned-data', 'anomaly-at-5', { samples: [], value: 0.71 }, false],
  ['poisoned-data', 'anomaly-at-5', { samples: [], value: null }, 'inconclusive'],
  ['poisoned-data', 'only-new-version', { addresses: address('6', 20) }, false],
  ['model-drift', 'alias-still-held', { version: '8' }, false],
  ['model-drift', 'drift-now', { samples: [], value: null }, false],
  [
    'tampered-artifact',
    'artifact-guard',
    { exists: true, data: { 'signed-artifacts-only': 'false' } },
    false,
  ],
];

const SUSPECTS: Readonly<Record<string, string>> = {
  'model-drift': 'model:fraud-scorer@7',
  'poisoned-data': 'dataset:warehouse/transactions@2026-11-19',
  'tampered-artifact': 'model:fraud-scorer@7',
};

const place = { cluster: 'kubernetes', namespace: 'ml', kind: 'Deployment', container: 'server' };

function contextOf(playbook: Playbook, change: JsonObject = {}): EvaluationContext {
  const parameters = Object.entries(playbook.parameters).map(
    ([name, { default: value }]) => [name, value] as const,
  );
  return {
    incident: {
      id: 'i',
      number: 1,
      title: 't',
      severity: 'sev2',
      model: 'fraud-scorer',
      suspect: SUSPECTS[playbook.name] ?? null,
      onsetAt: '2026-11-20T02:00:00Z',
      openedAt: '2026-11-20T02:01:00.000Z',
      mode: 'auto',
      playbook: playbook.name,
      owner: null,
    },
    alert: { labels: {}, annotations: {}, startsAt: null, title: '', source: '' },
    parameters: Object.fromEntries(parameters),
    model: {
      model: 'fraud-scorer',
      registryName: 'fraud-scorer',
      alias: 'champion',
      serving: [
        { ...place, name: 'fraud-scorer', role: 'stable' },
        { ...place, name: 'fraud-scorer-canary', role: 'canary' },
      ],
      service: 'ml/fraud-scorer',
      load: 'baked-image',
      replicas: 20,
      pipeline: 'fraud-training',
      datasets: ['warehouse/transactions'],
      datasetPointer: { namespace: 'ml', name: 'fraud-training', key: 'dataset_version' },
      owner: 'ml-team',
      onIsolation: null,
      source: 'file',
      confidence: 'high',
    },
    results: { ...WORLD, ...change },
    each: { name: 'fraud-scorer', version: '7' },
    value: null,
    now: '2026-11-20T02:05:00.000Z',
  };
}

function operationsOf(playbook: Playbook): readonly PlaybookOperation[] {
  return playbook.steps.flatMap(({ operations }) => flatten(operations));
}

function judged(source: string, context: EvaluationContext): boolean | 'inconclusive' {
  try {
    const answer = compileExpression(source, 'operation').evaluate(context);
    return typeof answer === 'boolean' ? answer : 'inconclusive';
  } catch (error) {
    if (!isAppError(error)) throw error;
    return 'inconclusive';
  }
}

const loaded = new Map<string, Playbook>();

beforeAll(async () => {
  for (const { playbook } of await loadPlaybooks(import.meta.dirname, SAMPLE_MANIFESTS))
    loaded.set(playbook.name, playbook);
});

function playbookOf(name: string): Playbook {
  const playbook = loaded.get(name);
  if (!playbook) throw new Error(`No playbook ${name}.`);
  return playbook;
}

describe.each(Object.keys(SUSPECTS))('%s', (name) => {
  test('every input fits its manifest', () => {
    const playbook = playbookOf(name);
    const catalogue = createCatalogue(SAMPLE_MANIFESTS);
    const context = contextOf(playbook);
    for (const operation of operationsOf(playbook)) {
      for (const { call, wanted } of callsOf(operation)) {
        const manifest =
          wanted === 'action' ? catalogue.action(call.use) : catalogue.probe(call.use);
        const input = compileTemplate(call.with, 'operation').evaluate(context);
        expect({
          operation: operation.name,
          problem: manifest?.input.safeParse(input).error,
        }).toEqual({ operation: operation.name, problem: undefined });
        const instance = compileTemplate(call.instance, 'operation').evaluate(context);
        expect([null, 'kubernetes']).toContain(instance);
      }
    }
  });

  test('every condition and check passes on a good world', () => {
    const playbook = playbookOf(name);
    for (const operation of operationsOf(playbook)) {
      const context = { ...contextOf(playbook), value: WORLD[operation.name] ?? null };
      if (operation.when !== null) expect(typeof judged(operation.when, context)).toBe('boolean');
      const source = 'expect' in operation ? operation.expect : null;
      if (source !== null)
        expect([operation.name, judged(source, context)]).toEqual([operation.name, true]);
    }
  });
});

test.each(BAD)('%s: %s does not pass on a bad world (%#)', (...values) => {
  const [name, operationName, value, verdict] = values;
  const playbook = playbookOf(name);
  const operation = operationsOf(playbook).find((candidate) => candidate.name === operationName);
  const source = operation && 'expect' in operation ? operation.expect : null;
  if (source === null) throw new Error(`${operationName} has no expect.`);
  expect(judged(source, { ...contextOf(playbook), value })).toBe(verdict);
});

test.each<[string, string, JsonObject, boolean | 'inconclusive']>([
  [
    'poisoned-data',
    'metrics-pass',
    { 'new-version': { metrics: { auc: 0.89, anomaly_score: 0 } } },
    false,
  ],
  [
    'poisoned-data',
    'metrics-pass',
    { 'new-version': { metrics: { auc: 1, anomaly_score: 0.21 } } },
    false,
  ],
  ['poisoned-data', 'metrics-pass', { 'new-version': { metrics: { auc: 1 } } }, 'inconclusive'],
  ['poisoned-data', 'known-good-is-proven', { 'known-good': { status: 'unproven' } }, false],
  ['poisoned-data', 'entry-path-closed', { 'ingest-guard': { data: {} } }, 'inconclusive'],
  ['poisoned-data', 'canary-is-affected', { 'blast-radius': { models: [] } }, false],
  ['model-drift', 'model-drifted', { 'drift-now': { value: 0.1 } }, false],
  ['model-drift', 'known-good-does-not-drift', { 'drift-after-revert': { value: 0.9 } }, false],
  [
    'tampered-artifact',
    'bytes-differ-from-record',
    { 'suspect-record': { digest: null } },
    'inconclusive',
  ],
])('%s: gate %s gives its three values (%#)', (...values) => {
  const [name, operationName, change, verdict] = values;
  const playbook = playbookOf(name);
  const operation = operationsOf(playbook).find((candidate) => candidate.name === operationName);
  if (operation?.kind !== 'gate') throw new Error(`${operationName} is no gate.`);
  expect(judged(operation.expect, contextOf(playbook, change))).toBe(verdict);
});
