// Goal: what annotations and environments of a cluster say of models reaches the inventory, what people wrote stays,
// and a cluster that does not answer adds nothing. Method: the real connector against the twin; the log is kept.
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { pino } from 'pino';
import { connectorModules } from '../connectors/registry.ts';
import type { InventoryEntry } from '../domain/inventory.ts';
import type { JsonObject } from '../domain/json.ts';
import { recordAt } from '../lab/kubernetes/object.ts';
import { createPlainClient } from '../lab/kubernetes/plain-client.ts';
import { NAMESPACE, servingDeployment } from '../lab/kubernetes/serving-sample.ts';
import { createKubernetesTwin, type KubernetesTwin } from '../lab/kubernetes/twin.ts';
import { loadInstances, type LoadedInstances } from './connector-instances.ts';
import { mergeInventory } from '../intake/inventory-annotations.ts';
import { discoverEntries } from './discovery.ts';

const TOKEN = 'canary-token-discovery';

let twin: KubernetesTwin;
let instances: LoadedInstances | undefined;
let lines: string[];

beforeEach(async () => {
  twin = await createKubernetesTwin({ namespaces: [NAMESPACE], tokens: { [TOKEN]: 'firebreak' } });
  lines = [];
});

afterEach(async () => {
  await instances?.close();
  instances = undefined;
  await twin.close();
});

async function deploy(
  name: string,
  annotations: Readonly<Record<string, string>>,
  template?: JsonObject,
): Promise<void> {
  const spec = recordAt(servingDeployment(name, '6', 2), 'spec');
  const answer = await createPlainClient(twin.url, TOKEN).send(
    'POST',
    `/apis/apps/v1/namespaces/${NAMESPACE}/deployments`,
    {
      body: {
        metadata: { name, namespace: NAMESPACE, annotations },
        spec: template === undefined ? spec : { ...spec, template },
      },
    },
  );
  expect(answer.status).toBe(201);
}

async function discover(
  token: string,
  configured: readonly InventoryEntry[] = [],
): Promise<readonly InventoryEntry[]> {
  const config = { server: twin.url, token };
  instances = await loadInstances(connectorModules, [
    { name: 'prod', connector: 'kubernetes', holdSeconds: 1, config },
  ]);
  const log = pino({ level: 'warn' }, { write: (line: string) => lines.push(line) });
  return mergeInventory(configured, await discoverEntries(instances, log));
}

const ANNOTATIONS = {
  'firebreak.dev/model': 'fraud',
  'firebreak.dev/service': 'fraud-scorer',
  'firebreak.dev/pipeline': 'train-fraud',
  'firebreak.dev/datasets': 'lake/transactions',
  'firebreak.dev/owner': 'risk',
  'firebreak.dev/on-isolation': 'rules',
};

test('annotations are an entry of high confidence; several Deployments of one model are one', async () => {
  await deploy('fraud-canary', { 'firebreak.dev/model': 'fraud', 'firebreak.dev/role': 'canary' });
  await deploy('fraud-stable', { ...ANNOTATIONS, 'firebreak.dev/role': 'stable' });
  const serving = { cluster: 'prod', namespace: NAMESPACE, kind: 'Deployment', container: 'model' };
  expect(await discover(TOKEN)).toEqual([
    {
      model: 'fraud',
      registryName: 'fraud-scorer',
      alias: 'champion',
      load: 'pinned-uri',
      serving: [
        { ...serving, name: 'fraud-canary', role: 'canary' },
        { ...serving, name: 'fraud-stable', role: 'stable' },
      ],
      service: `${NAMESPACE}/fraud-scorer`,
      replicas: 4,
      pipeline: 'train-fraud',
      datasets: ['lake/transactions'],
      datasetPointer: null,
      owner: 'risk',
      onIsolation: 'rules',
      source: 'annotation',
      confidence: 'high',
    },
  ]);
  expect(lines).toEqual([]);
});

test('a model named by an environment alone is of low confidence; other Deployments say nothing', async () => {
  await deploy('scorer', {});
  await deploy(
    'web',
    {},
    {
      metadata: { labels: { app: 'fraud-scorer', track: 'web' } },
      spec: { containers: [{ name: 'web', image: 'registry.lab.test/web:1' }] },
    },
  );
  const found = await discover(TOKEN);
  expect(found).toMatchObject([
    {
      model: 'fraud-scorer',
      registryName: 'fraud-scorer',
      load: 'pinned-uri',
      serving: [{ cluster: 'prod', name: 'scorer', container: 'model', role: 'only' }],
      owner: 'unknown',
      source: 'discovery',
      confidence: 'low',
    },
  ]);
});

test('what people wrote wins, and an annotation that makes no sense is told', async () => {
  await deploy('fraud-stable', { ...ANNOTATIONS, 'firebreak.dev/role': 'primary' });
  const [entry] = await discover(TOKEN);
  expect(entry?.serving[0]?.role).toBe('only');
  expect(lines.join('')).toContain('firebreak.dev/role is none of stable, canary, only');
  if (entry === undefined) throw new Error('nothing was found');
  await instances?.close();
  const written: InventoryEntry = { ...entry, source: 'file', owner: 'people' };
  expect(await discover(TOKEN, [written])).toEqual([written]);
});

test('a cluster that refuses is told by its name, without the credential, and the file stays', async () => {
  await deploy('fraud-stable', ANNOTATIONS);
  const wrong = 'canary-wrong-token';
  expect(await discover(wrong)).toEqual([]);
  expect(lines).toHaveLength(1);
  expect(lines[0]).toContain('"cluster":"prod"');
  expect(lines[0]).toContain('no discovery');
  expect(lines[0]).not.toContain(wrong);
});

test('a list that a limit cut is told', async () => {
  await deploy('fraud-stable', ANNOTATIONS);
  const body = { metadata: { continue: 'more', resourceVersion: '1' }, items: [] };
  const matches = ({ path }: { readonly path: string }): boolean => path.endsWith('/deployments');
  twin.faults.add({ kind: 'reply', reply: { status: 200, body } }, { matches, times: 1_000 });
  expect(await discover(TOKEN)).toEqual([]);
  expect(lines.join('')).toContain('more Deployments than discovery reads');
});
