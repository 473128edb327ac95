// Goal: every expression of the shipped playbooks works on replies of the shapes that connectors give: inputs fit the
// manifests and every check passes on a good world, and fails or is inconclusive on a bad one. Method: each operation is
// evaluated in order against the sample world, told by name of operation.
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
import { contextOf, SUSPECTS } from './sample-context.ts';
import { SAMPLE_MANIFESTS } from './sample-playbook.ts';
import { address, replicas, sample, samples, WORLD } from './sample-world.ts';

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
  // Moved the alias, restarted nothing, or restarted some: the replicas say so.
  ['model-drift', 'replicas-loaded-known-good', samples(sample('7', 19)), false],
  ['model-drift', 'replicas-loaded-known-good', samples(sample('6', 18), sample('7', 1)), false],
  ['model-drift', 'replicas-loaded-known-good', samples(sample('6', 18)), false],
  ['model-drift', 'replicas-loaded-known-good', samples(), false],
  ['model-drift', 'replicas-loaded-new-version', samples(sample('6', 20)), false],
  ['model-drift', 'drift-after-restart', { samples: [], value: 0.4 }, false],
  ['model-drift', 'drift-after-restart', { samples: [], value: null }, 'inconclusive'],
  ['model-drift', 'alias-still-held', { version: '8' }, false],
  ['model-drift', 'drift-now', { samples: [], value: null }, false],
  ['tampered-artifact', 'no-suspect-endpoint', { addresses: [] }, false],
  [
    'tampered-artifact',
    'artifact-guard',
    { exists: true, data: { 'signed-artifacts-only': 'false' } },
    false,
  ],
];

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

test('what was taken out of service needs no address to be contained', () => {
  const playbook = playbookOf('tampered-artifact');
  const operation = operationsOf(playbook).find(({ name }) => name === 'no-suspect-endpoint');
  const source = operation?.kind === 'probe' ? operation.expect : null;
  if (source === null) throw new Error('no-suspect-endpoint has no expect.');
  const context = contextOf(playbook, { 'out-of-service': { targets: [{ target: 't' }] } });
  expect(judged(source, { ...context, value: { addresses: [] } })).toBe(true);
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

test.each([
  ['what the alert names', 'model:fraud-scorer@9', 'model:fraud-scorer@9'],
  ['what production follows, when the alert names none', null, 'model:fraud-scorer@7'],
  [
    'what production follows, when the alert names no model',
    'dataset:a/b@1',
    'model:fraud-scorer@7',
  ],
])('model-drift suspects %s', (_title, named, suspect) => {
  const playbook = playbookOf('model-drift');
  const operation = operationsOf(playbook).find(({ name }) => name === 'blast-radius');
  if (operation?.kind !== 'lineage') throw new Error('blast-radius is no lineage.');
  const context = contextOf(playbook);
  const incident = { ...context.incident, suspect: named };
  expect(compileExpression(operation.suspect, 'operation').evaluate({ ...context, incident })).toBe(
    suspect,
  );
});
