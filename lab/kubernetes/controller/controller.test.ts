// Goal: the twin's controllers bring pods, ReplicaSets and slices where the real controllers bring them.
// Method: write through plain HTTP and read the world back; slow pods by a clock that the test moves.
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import type { Json, JsonObject } from '../../../domain/json.ts';
import { at, listAt, recordAt, textAt } from '../object.ts';
import { createPlainClient, PATCH_TYPES, type PlainClient } from '../plain-client.ts';
import { createKubernetesTwin, type KubernetesTwin, type KubernetesTwinOptions } from '../twin.ts';

const DEPLOYMENTS = '/apis/apps/v1/namespaces/default/deployments';
const SETS = '/apis/apps/v1/namespaces/default/replicasets';
const PODS = '/api/v1/namespaces/default/pods';
const SERVICES = '/api/v1/namespaces/default/services';
const SLICES = '/apis/discovery.k8s.io/v1/namespaces/default/endpointslices';

let twin: KubernetesTwin;
let client: PlainClient;

async function start(options: KubernetesTwinOptions = {}): Promise<void> {
  await twin.close();
  twin = await createKubernetesTwin(options);
  client = createPlainClient(twin.url);
}

beforeEach(async () => {
  twin = await createKubernetesTwin();
  client = createPlainClient(twin.url);
});

afterEach(async () => {
  await twin.close();
});

function deployment(name: string, image: string, replicas = 2): JsonObject {
  return {
    metadata: { name },
    spec: {
      replicas,
      selector: { matchLabels: { app: name } },
      template: {
        metadata: { labels: { app: name } },
        spec: { containers: [{ name: 'model', image, env: [{ name: 'A', value: '1' }] }] },
      },
    },
  };
}

async function images(): Promise<readonly string[]> {
  return (await client.items(PODS)).map((pod) =>
    textAt(listAt(pod, 'spec', 'containers')[0], 'image'),
  );
}

test('a Deployment gets its pods; its status tells the same', async () => {
  await client.send('POST', DEPLOYMENTS, { body: deployment('web', 'm:1', 3) });
  expect(await images()).toEqual(['m:1', 'm:1', 'm:1']);
  const { body } = await client.send('GET', `${DEPLOYMENTS}/web`);
  expect(recordAt(body, 'status')).toMatchObject({
    observedGeneration: 1,
    replicas: 3,
    readyReplicas: 3,
    updatedReplicas: 3,
    availableReplicas: 3,
  });
});

test('scaling by the sub-resource, to zero and back', async () => {
  await client.send('POST', DEPLOYMENTS, { body: deployment('web', 'm:1') });
  const scale = await client.send('GET', `${DEPLOYMENTS}/web/scale`);
  expect(scale.body).toMatchObject({
    kind: 'Scale',
    spec: { replicas: 2 },
    status: { selector: 'app=web' },
  });
  await client.send('PUT', `${DEPLOYMENTS}/web/scale`, {
    body: { ...scale.body, spec: { replicas: 0 } },
  });
  expect(await images()).toEqual([]);
  const stale = await client.send('PUT', `${DEPLOYMENTS}/web/scale`, { body: scale.body });
  expect(stale.status).toBe(409);
  await client.patch(`${DEPLOYMENTS}/web/scale`, { spec: { replicas: 3 } });
  expect(await images()).toHaveLength(3);
});

test('a new image makes a ReplicaSet; the old image again re-numbers the old one', async () => {
  await client.send('POST', DEPLOYMENTS, { body: deployment('web', 'm:1') });
  const image = (value: string): Json => [
    { op: 'replace', path: '/spec/template/spec/containers/0/image', value },
  ];
  await client.patch(`${DEPLOYMENTS}/web`, image('m:2'), PATCH_TYPES.json);
  expect(await images()).toEqual(['m:2', 'm:2']);
  const first = await client.items(SETS);
  await client.patch(`${DEPLOYMENTS}/web`, image('m:1'), PATCH_TYPES.json);
  const sets = await client.items(SETS);
  expect(sets).toHaveLength(2);
  expect(sets.map((set) => textAt(set, 'metadata', 'uid')).sort()).toEqual(
    first.map((set) => textAt(set, 'metadata', 'uid')).sort(),
  );
  const revision = 'deployment.kubernetes.io/revision';
  const numbers = sets.map((set) => textAt(set, 'metadata', 'annotations', revision)).sort();
  expect(numbers).toEqual(['2', '3']);
  const { body } = await client.send('GET', `${DEPLOYMENTS}/web`);
  expect(textAt(body, 'metadata', 'annotations', revision)).toBe('3');
});

test('a relabelled pod is released and replaced; put back it is adopted and a surplus pod goes', async () => {
  await client.send('POST', DEPLOYMENTS, { body: deployment('web', 'm:1') });
  const [pod] = await client.items(PODS);
  const name = textAt(pod, 'metadata', 'name');
  const labels = recordAt(pod, 'metadata', 'labels');
  const nulls = Object.fromEntries(Object.keys(labels).map((key) => [key, null]));
  await client.patch(`${PODS}/${name}`, { metadata: { labels: { ...nulls, aside: 'yes' } } });
  const loose = await client.send('GET', `${PODS}/${name}`);
  expect(at(loose.body, 'metadata', 'ownerReferences')).toBeUndefined();
  expect(await client.items(PODS)).toHaveLength(3);
  await client.patch(`${PODS}/${name}`, { metadata: { labels: { ...labels, aside: null } } });
  const left = await client.items(PODS);
  expect(left).toHaveLength(2);
  expect(left.every((one) => listAt(one, 'metadata', 'ownerReferences').length === 1)).toBe(true);
});

test('slices hold the ready pods of the selector, and follow labels and selector', async () => {
  await client.send('POST', DEPLOYMENTS, { body: deployment('web', 'm:1') });
  await client.send('POST', SERVICES, {
    body: {
      metadata: { name: 'web' },
      spec: { selector: { app: 'web' }, ports: [{ port: 80 }] },
    },
  });
  const endpoints = async (): Promise<readonly Json[]> =>
    (await client.items(`${SLICES}?labelSelector=kubernetes.io/service-name=web`)).flatMap(
      (slice) => listAt(slice, 'endpoints'),
    );
  expect(await endpoints()).toHaveLength(2);
  await client.patch(`${SERVICES}/web`, { spec: { selector: { version: '6' } } });
  expect(await endpoints()).toEqual([]);
  const [pod] = await client.items(PODS);
  const name = textAt(pod, 'metadata', 'name');
  await client.patch(`${PODS}/${name}`, { metadata: { labels: { version: '6' } } });
  expect((await endpoints()).map((one) => textAt(one, 'targetRef', 'name'))).toEqual([name]);
});

test('pods that take time to start keep the old ones serving meanwhile', async () => {
  let time = Date.parse('2026-11-23T10:00:00Z');
  await start({ now: () => new Date(time), readyDelayMs: 60_000 });
  await client.send('POST', DEPLOYMENTS, { body: deployment('web', 'm:1') });
  time += 60_000;
  twin.settle();
  await client.patch(
    `${DEPLOYMENTS}/web`,
    [{ op: 'replace', path: '/spec/template/spec/containers/0/image', value: 'm:2' }],
    PATCH_TYPES.json,
  );
  expect([...(await images())].sort()).toEqual(['m:1', 'm:1', 'm:2']);
  for (let step = 0; step < 2; step += 1) {
    time += 60_000;
    twin.settle();
  }
  expect(await images()).toEqual(['m:2', 'm:2']);
});

test('deleting a Deployment takes its ReplicaSets and pods along, unless they are orphaned', async () => {
  await client.send('POST', DEPLOYMENTS, { body: deployment('web', 'm:1') });
  await client.send('DELETE', `${DEPLOYMENTS}/web`, { body: { propagationPolicy: 'Orphan' } });
  expect(await images()).toHaveLength(2);
  await client.send('POST', DEPLOYMENTS, { body: deployment('web', 'm:1') });
  expect(await client.items(SETS)).toHaveLength(1);
  await client.send('DELETE', `${DEPLOYMENTS}/web`);
  expect(await client.items(SETS)).toEqual([]);
  expect(await images()).toEqual([]);
});

test('only so many old revisions are kept', async () => {
  const body = deployment('web', 'm:0', 1);
  const spec = { ...recordAt(body, 'spec'), revisionHistoryLimit: 2 };
  await client.send('POST', DEPLOYMENTS, { body: { ...body, spec } });
  for (const tag of ['1', '2', '3', '4']) {
    const value = `m:${tag}`;
    const path = '/spec/template/spec/containers/0/image';
    await client.patch(`${DEPLOYMENTS}/web`, [{ op: 'replace', path, value }], PATCH_TYPES.json);
  }
  const kept = (await client.items(SETS)).map((set) =>
    textAt(listAt(set, 'spec', 'template', 'spec', 'containers')[0], 'image'),
  );
  expect([...kept].sort()).toEqual(['m:2', 'm:3', 'm:4']);
});

test('deleting a namespace takes everything in it along', async () => {
  await start({ namespaces: ['ml'] });
  await client.send('POST', '/api/v1/namespaces/ml/configmaps', {
    body: { metadata: { name: 'a' }, data: { k: 'v' } },
  });
  await client.send('DELETE', '/api/v1/namespaces/ml');
  expect((await client.send('GET', '/api/v1/namespaces/ml/configmaps/a')).status).toBe(404);
});
