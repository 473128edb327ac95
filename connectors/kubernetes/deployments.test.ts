// Goal: discovery sees every Deployment once, with annotations and literal environments, no credential, and is told
// when a limit cut the list. Method: the twin with Deployments in two namespaces; an endless list by replaced answers.
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { isAppError } from '../../domain/error.ts';
import type { Json, JsonObject } from '../../domain/json.ts';
import { at, listAt, textAt } from '../../lab/kubernetes/object.ts';
import { createPlainClient, type PlainClient } from '../../lab/kubernetes/plain-client.ts';
import { NAMESPACE, seedServing, servingDeployment } from '../../lab/kubernetes/serving-sample.ts';
import { createKubernetesTwin, type KubernetesTwin } from '../../lab/kubernetes/twin.ts';
import type { Connector, ProbeReply } from '../connector.ts';
import { probeOf, readingContext } from '../test-connector.ts';
import { create } from './index.ts';

const OTHER = 'shop';
const ALL = '/apis/apps/v1/deployments';
const LAST_APPLIED = 'kubectl.kubernetes.io/last-applied-configuration';

let twin: KubernetesTwin;
let lab: PlainClient;
const open: Connector[] = [];

const made: JsonObject = {
  metadata: {
    name: 'ranker',
    namespace: OTHER,
    annotations: { 'firebreak.dev/model': 'ranker', [LAST_APPLIED]: '{"env":"hunter2"}' },
  },
  spec: {
    selector: { matchLabels: { app: 'ranker' } },
    template: {
      metadata: { labels: { app: 'ranker' } },
      spec: {
        containers: [
          {
            name: 'server',
            image: 'registry.lab.test/ranker:3',
            env: [
              { name: 'MODEL_URI', value: 'models:/ranker@champion' },
              { name: 'API_TOKEN', value: 'hunter2' },
              { name: 'NODE', valueFrom: { fieldRef: { fieldPath: 'spec.nodeName' } } },
            ],
          },
          { name: 'proxy', image: 'registry.lab.test/proxy:1' },
        ],
      },
    },
  },
};

beforeEach(async () => {
  twin = await createKubernetesTwin({
    namespaces: [NAMESPACE, OTHER],
    // No pods are asked for, and controllers that look after each of hundreds of writes are slow.
    controllerDelayMs: 600_000,
    isAllowed: ({ resource, verb, namespace }) =>
      !(resource === 'deployments' && verb === 'list' && namespace === 'kube-system'),
  });
  lab = createPlainClient(twin.url);
  await seedServing(lab);
  const answer = await lab.send('POST', `/apis/apps/v1/namespaces/${OTHER}/deployments`, {
    body: made,
  });
  expect(answer.status).toBe(201);
});

afterEach(async () => {
  for (const connector of open.splice(0)) await connector.close();
  await twin.close();
});

async function read(input: Json, namespaces?: readonly string[]): Promise<ProbeReply> {
  const connector = create({ server: twin.url, ...(namespaces && { namespaces }) });
  open.push(connector);
  return probeOf(connector, 'deployments').read(input, readingContext());
}

async function failure(reading: Promise<unknown>): Promise<string> {
  const error: unknown = await reading.catch((reason: unknown) => reason);
  return isAppError(error) ? `${error.code} ${error.permission ?? ''}`.trim() : 'none';
}

function names(value: Json): readonly string[] {
  return listAt(value, 'deployments').map(
    (one) => `${textAt(one, 'namespace')}/${textAt(one, 'name')}`,
  );
}

test('the whole cluster: annotations, replicas, and per container image and literal environment', async () => {
  const { value, truncated } = await read({ namespace: null });
  expect(truncated).toBe(false);
  expect(names(value)).toEqual(['ml/fraud-scorer', 'ml/fraud-scorer-canary', 'shop/ranker']);
  const deployments = listAt(value, 'deployments');
  expect(at(deployments[0], 'replicas')).toBe(3);
  expect(deployments[2]).toEqual({
    namespace: OTHER,
    name: 'ranker',
    createdAt: expect.stringMatching(/^\d{4}-.*Z$/),
    replicas: 1,
    annotations: expect.objectContaining({ 'firebreak.dev/model': 'ranker' }),
    containers: [
      {
        name: 'server',
        image: 'registry.lab.test/ranker:3',
        env: { MODEL_URI: 'models:/ranker@champion', API_TOKEN: '[redacted]' },
      },
      { name: 'proxy', image: 'registry.lab.test/proxy:1', env: {} },
    ],
  });
  expect(JSON.stringify(value)).not.toContain('hunter2');
});

test('one namespace, and the configured namespaces where none is named', async () => {
  expect(names((await read({ namespace: OTHER })).value)).toEqual(['shop/ranker']);
  const { value } = await read({ namespace: null }, [OTHER, 'default', OTHER]);
  expect(names(value)).toEqual(['shop/ranker']);
  const paths = twin.ledger.map((entry) => entry.path.split('?')[0]);
  expect(paths).not.toContain(ALL);
});

test('a namespace that may not be listed is unauthorized and names the right', async () => {
  const missing = 'unauthorized apps/deployments: list';
  expect(await failure(read({ namespace: 'kube-system' }))).toBe(missing);
  expect(await failure(read({ namespace: null }, [OTHER, 'kube-system']))).toBe(missing);
});

test('all pages are read, each Deployment once', async () => {
  const path = `/apis/apps/v1/namespaces/${NAMESPACE}/deployments`;
  const sent = Array.from({ length: 260 }, (_, index) =>
    lab.send('POST', path, { body: servingDeployment(`many-${index.toString()}`, '6', 0) }),
  );
  await Promise.all(sent);
  const { value, truncated } = await read({ namespace: null });
  expect(truncated).toBe(false);
  expect(new Set(names(value)).size).toBe(263);
  expect(names(value)).toHaveLength(263);
  const pages = twin.ledger.filter((entry) => entry.path.startsWith(`${ALL}?`));
  expect(pages).toHaveLength(2);
});

test('an endless list stops at its limit and says that it is cut', async () => {
  const page = { metadata: { continue: 'more', resourceVersion: '1' }, items: [] };
  const matches = ({ path }: { readonly path: string }): boolean => path === ALL;
  const reply = { status: 200, body: page };
  twin.faults.add({ kind: 'reply', reply }, { matches, times: 1_000 });
  expect((await read({ namespace: null })).truncated).toBe(true);
  expect(twin.ledger.filter((entry) => entry.path.startsWith(ALL)).length).toBeLessThanOrEqual(40);
});
