// Goal: every event that producers send becomes nodes and edges; what it does not tell is unknown, never clean.
// Method: published samples as they are, a table of variations, and properties over generated events.
import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { AppError } from '../domain/error.ts';
import { MODEL_NAMESPACE, lineageOf } from './openlineage.ts';

const FIXTURES = join(import.meta.dirname, 'fixtures');
const SHA = 'a'.repeat(64);

function sample(name: string): unknown {
  return JSON.parse(readFileSync(join(FIXTURES, name), 'utf8'));
}

function event(change: object = {}): Record<string, unknown> {
  return {
    eventTime: '2026-11-20T02:00:00Z',
    eventType: 'COMPLETE',
    run: { runId: 'r1' },
    job: { namespace: 'airflow', name: 'retrain.train' },
    inputs: [
      {
        namespace: 'warehouse',
        name: 'transactions',
        facets: { version: { datasetVersion: '2026-11-20' } },
      },
    ],
    outputs: [
      {
        namespace: MODEL_NAMESPACE,
        name: 'fraud-scorer',
        facets: { version: { datasetVersion: '7' } },
        outputFacets: { artifactDigest: { sha256: SHA } },
      },
    ],
    producer: 'https://example.test',
    schemaURL: 'https://openlineage.io/spec/2-0-2/OpenLineage.json#/definitions/RunEvent',
    ...change,
  };
}

function nodes(value: unknown): readonly string[] {
  return lineageOf(value).nodes.map((node) => node.id);
}

function withoutRun(value: Record<string, unknown>): object {
  return Object.fromEntries(Object.entries(value).filter(([key]) => key !== 'run'));
}

function failure(work: () => unknown): AppError {
  try {
    work();
  } catch (error) {
    if (error instanceof AppError) return error;
  }
  throw new Error('it did not fail with an AppError');
}

describe('lineageOf', () => {
  test('a training run: dataset version, run, model version with its digest', () => {
    expect(lineageOf(event())).toEqual({
      nodes: [
        {
          id: 'dataset:warehouse/transactions@2026-11-20',
          kind: 'dataset',
          name: 'warehouse/transactions',
          version: '2026-11-20',
          digest: null,
          createdAt: null,
          complete: true,
        },
        {
          id: 'run:r1',
          kind: 'run',
          name: 'airflow/retrain.train',
          version: null,
          digest: null,
          createdAt: '2026-11-20T02:00:00.000Z',
          complete: true,
        },
        {
          id: 'model:fraud-scorer@7',
          kind: 'model',
          name: 'fraud-scorer',
          version: '7',
          digest: SHA,
          createdAt: '2026-11-20T02:00:00.000Z',
          complete: true,
        },
      ],
      edges: [
        { from: 'dataset:warehouse/transactions@2026-11-20', to: 'run:r1', source: 'openlineage' },
        { from: 'run:r1', to: 'model:fraud-scorer@7', source: 'openlineage' },
      ],
    });
  });

  test.each(readdirSync(FIXTURES).filter((name) => /^openlineage-(marquez|run|spec)/.test(name)))(
    'takes the published event %s',
    (name) => {
      const lineage = lineageOf(sample(name));
      const run = lineage.nodes.find((node) => node.kind === 'run');
      expect(run).toMatchObject({ version: null, complete: name.includes('event-full') });
      expect(lineage.edges.every((edge) => edge.from === run?.id || edge.to === run?.id)).toBe(
        true,
      );
    },
  );

  test('the full Marquez event reads and writes one unversioned dataset: unknown', () => {
    const lineage = lineageOf(sample('openlineage-marquez-event-full.json'));
    expect(lineage.nodes).toHaveLength(2);
    expect(lineage.nodes[0]).toMatchObject({
      id: 'dataset:my-datasource-namespace/instance.schema.table@unversioned',
      complete: false,
    });
    expect(lineage.edges).toHaveLength(2);
  });

  test('the published version facet names the version; the parent run is no data flow', () => {
    const facets = sample('openlineage-facet-dataset-version.json');
    const parent = sample('openlineage-facet-parent-run.json');
    const lineage = lineageOf(
      event({
        run: { runId: 'r1', facets: parent },
        inputs: [{ namespace: 'n', name: 'd', facets }],
      }),
    );
    expect(lineage.nodes[0]?.id).toBe('dataset:n/d@2');
    expect(lineage.nodes.filter((node) => node.kind === 'run')).toHaveLength(1);
  });

  test.each([
    ['2021-11-03T10:53:52.427343', '2021-11-03T10:53:52.427Z'],
    ['2021-11-03T12:53:52+02:00', '2021-11-03T10:53:52.000Z'],
    ['2021-11-03 10:53', '2021-11-03T10:53:00.000Z'],
  ])('time %s is %s', (eventTime, createdAt) => {
    expect(lineageOf(event({ eventTime })).nodes.find((node) => node.kind === 'run')).toMatchObject(
      { createdAt },
    );
  });

  test.each([
    ['START lists inputs', { eventType: 'START' }, false],
    ['COMPLETE without inputs', { inputs: [] }, false],
    ['COMPLETE that says nothing of inputs', { inputs: undefined }, false],
    ['no event type', { eventType: undefined }, false],
    ['an unknown event type', { eventType: 'PAUSED' }, false],
    ['COMPLETE in small letters', { eventType: 'complete' }, true],
  ])('%s: complete %#', (_title, change, complete) => {
    const lineage = lineageOf(event(change));
    expect(lineage.nodes.find((node) => node.kind === 'run')).toMatchObject({ complete });
    expect(lineage.nodes.find((node) => node.kind === 'model')).toMatchObject({ complete });
  });

  test('other names of a dataset are joined by nodes of their own', () => {
    const facets = {
      version: { datasetVersion: 'c0ffee' },
      symlinks: { identifiers: [{ namespace: 'lakefs://data', name: 'tx', type: 'TABLE' }] },
    };
    const lineage = lineageOf(event({ inputs: [{ namespace: 's3://data', name: 'tx', facets }] }));
    expect(lineage.edges.map((edge) => edge.from)).toEqual([
      'dataset:s3://data/tx@c0ffee',
      'dataset:lakefs://data/tx@c0ffee',
      'run:r1',
    ]);
  });

  test('our facets count with and without the prefix of custom facets, also on the input side', () => {
    const inputFacets = {
      firebreak_modelVersion: { name: 'base', version: 3 },
      firebreak_artifactDigest: { sha256: `SHA256:${SHA.toUpperCase()}` },
    };
    const lineage = lineageOf(event({ inputs: [{ namespace: 'hub', name: 'x', inputFacets }] }));
    expect(lineage.nodes[0]).toMatchObject({ id: 'model:base@3', digest: SHA, complete: false });
  });

  test('a model without version is no known version', () => {
    const lineage = lineageOf(event({ outputs: [{ namespace: MODEL_NAMESPACE, name: 'm' }] }));
    expect(lineage.nodes.at(-1)).toMatchObject({ id: 'model:m@unversioned', complete: false });
  });

  test('facets that are unknown, deleted or unreadable are left out', () => {
    const facets = {
      somethingNew: { deep: [{}] },
      version: { _deleted: true, datasetVersion: '1' },
      symlinks: { identifiers: 'none' },
      lineage: 7,
    };
    expect(nodes(event({ inputs: [{ namespace: 'n', name: 'd', facets }] }))[0]).toBe(
      'dataset:n/d@unversioned',
    );
  });

  test('a job event relates inputs and outputs; a dataset event names one dataset', () => {
    const job = withoutRun(event());
    expect(lineageOf(job).edges).toEqual([
      {
        from: 'dataset:warehouse/transactions@2026-11-20',
        to: 'model:fraud-scorer@7',
        source: 'openlineage',
      },
    ]);
    const dataset = { namespace: 'n', name: 'd', facets: { version: { datasetVersion: 12 } } };
    expect(lineageOf({ eventTime: '2026-11-20T02:00:00Z', dataset })).toMatchObject({
      nodes: [{ id: 'dataset:n/d@12', complete: true }],
      edges: [],
    });
  });

  test.each<[string, unknown, string]>([
    ['a list', [], 'body'],
    ['nothing', null, 'body'],
    ['no kind', {}, 'run'],
    ['no run id', event({ run: {} }), 'run.runId'],
    ['no job', event({ job: undefined }), 'job'],
    ['a bad time', event({ eventTime: 'today' }), 'eventTime'],
    ['a time that does not exist', event({ eventTime: '2026-13-41T00:00:00Z' }), 'eventTime'],
    ['no time', event({ eventTime: undefined }), 'eventTime'],
    ['a dataset without name', event({ inputs: [{ namespace: 'n' }] }), 'inputs[0].name'],
    ['a NUL in a name', event({ outputs: [{ namespace: 'n', name: 'a\0b' }] }), 'outputs[0].name'],
    ['half a character', event({ job: { namespace: 'n', name: '\ud800' } }), 'job.name'],
    [
      'a digest that is none',
      event({
        inputs: [{ namespace: 'n', name: 'd', facets: { artifactDigest: { sha256: 'x' } } }],
      }),
      'inputs[0].facets.artifactDigest.sha256',
    ],
    [
      'too many datasets',
      event({ inputs: Array.from({ length: 1_001 }, () => ({ namespace: 'n', name: 'd' })) }),
      'inputs',
    ],
  ])('refuses %s, naming the field', (_title, value, field) => {
    expect(failure(() => lineageOf(value))).toMatchObject({ code: 'invalid', field });
  });

  test('a job event of many by many datasets is too large', () => {
    const many = Array.from({ length: 500 }, (_, index) => ({
      namespace: 'n',
      name: index.toString(),
    }));
    const job = withoutRun(event({ inputs: many, outputs: many }));
    expect(failure(() => lineageOf(job)).code).toBe('too_large');
  });

  test('property: any JSON gives lineage whose edges join its nodes, or an AppError; input stays unchanged', () => {
    const datasets = fc.array(
      fc.record(
        {
          namespace: fc.constantFrom('a', 'b'),
          name: fc.constantFrom('x', 'y'),
          facets: fc.jsonValue(),
        },
        { requiredKeys: ['namespace', 'name'] },
      ),
      { maxLength: 4 },
    );
    const anything = fc.oneof(
      fc.jsonValue(),
      fc.record({ inputs: datasets, outputs: datasets }).map((change) => event(change)),
    );
    fc.assert(
      fc.property(anything, (value) => {
        const before = JSON.stringify(value);
        try {
          const lineage = lineageOf(value);
          const ids = new Set(lineage.nodes.map((node) => node.id));
          expect(ids.size).toBe(lineage.nodes.length);
          expect(lineage.edges.every((edge) => ids.has(edge.from) && ids.has(edge.to))).toBe(true);
          expect(lineageOf(value)).toEqual(lineage);
        } catch (error) {
          expect(error).toBeInstanceOf(AppError);
        }
        expect(JSON.stringify(value)).toBe(before);
      }),
    );
  });
});
