// Goal: probes say what is there in the agreed shape, redact credentials, and tell when a limit cut the answer.
// Method: the twin with a stable and a canary Deployment; long and expired lists by replaced answers.
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { isAppError } from '../../domain/error.ts';
import type { Json } from '../../domain/json.ts';
import { at, listAt, textAt } from '../../lab/kubernetes/object.ts';
import { createPlainClient, type PlainClient } from '../../lab/kubernetes/plain-client.ts';
import { CANARY_DEPLOYMENT, NAMESPACE, seedServing } from '../../lab/kubernetes/serving-sample.ts';
import { createKubernetesTwin, type KubernetesTwin } from '../../lab/kubernetes/twin.ts';
import type { Connector, ProbeReply } from '../connector.ts';
import { callContext, probeOf } from '../test-connector.ts';
import { create } from './index.ts';

const CORE = `/api/v1/namespaces/${NAMESPACE}`;
const OF_CANARY = { namespace: NAMESPACE, deployment: CANARY_DEPLOYMENT };

let twin: KubernetesTwin;
let lab: PlainClient;
let connector: Connector;

beforeEach(async () => {
  twin = await createKubernetesTwin({ namespaces: [NAMESPACE] });
  lab = createPlainClient(twin.url);
  await seedServing(lab);
  connector = create({ server: twin.url });
});

afterEach(async () => {
  await connector.close();
  await twin.close();
});

function read(probe: string, input: Json): Promise<ProbeReply> {
  return probeOf(connector, probe).read(input, callContext());
}

test('deployment: what is wanted and what runs; one that does not exist says so', async () => {
  const { value } = await read('deployment', { namespace: NAMESPACE, name: CANARY_DEPLOYMENT });
  expect(value).toMatchObject({
    exists: true,
    replicas: 2,
    readyReplicas: 2,
    updatedReplicas: 2,
    availableReplicas: 2,
    images: { model: 'registry.lab.test/fraud-scorer:7' },
    env: { MODEL_URI: 'models:/fraud-scorer/7', DB_PASSWORD: '[redacted]' },
    selector: { app: 'fraud-scorer', track: CANARY_DEPLOYMENT },
    owners: [],
  });
  const none = await read('deployment', { namespace: NAMESPACE, name: 'none' });
  expect(none.value).toMatchObject({ exists: false, replicas: 0, uid: null });
});

test('pods: those of the Deployment and those quarantined from it', async () => {
  const input = { ...OF_CANARY, reason: 'r', owner: 'o', leaseUntil: '2026-12-01T00:00:00Z' };
  const quarantine = connector.actions['quarantine-pod'];
  const plan = await quarantine?.plan(input, callContext());
  if (quarantine === undefined || plan === undefined) throw new Error('no quarantine-pod');
  await quarantine.apply(input, plan, callContext());
  const { value } = await read('pods', OF_CANARY);
  const pods = listAt(value, 'pods');
  expect(pods).toHaveLength(3);
  const aside = pods.filter((pod) => textAt(pod, 'labels', 'firebreak.dev/quarantined') !== '');
  expect(aside.map((pod) => textAt(pod, 'name'))).toEqual([textAt(plan.after, 'pod', 'name')]);
  expect(pods[0]).toMatchObject({ ready: true, deleting: false, phase: 'Running' });
  expect(textAt(pods[0], 'imageId')).toMatch(/fraud-scorer:7@sha256:[0-9a-f]{64}$/);
  const running = await read('running-versions', {
    namespace: NAMESPACE,
    deployments: [CANARY_DEPLOYMENT],
  });
  expect(listAt(running.value, 'replicas')).toHaveLength(2);
});

test('endpoints: addresses with the pod, Deployment, image and version behind each', async () => {
  const { value } = await read('endpoints', { namespace: NAMESPACE, service: 'fraud-scorer' });
  const addresses = listAt(value, 'addresses');
  expect(addresses).toHaveLength(5);
  const versions = addresses.map((one) => `${textAt(one, 'deployment')} ${textAt(one, 'version')}`);
  expect(new Set(versions)).toEqual(new Set(['fraud-scorer 6', `${CANARY_DEPLOYMENT} 7`]));
});

test('running-versions: the label, else the version pinned in MODEL_URI, else null', async () => {
  const deployments = ['fraud-scorer', CANARY_DEPLOYMENT];
  const run = async (): Promise<Json> =>
    (await read('running-versions', { namespace: NAMESPACE, deployments })).value;
  expect(at(await run(), 'versions')).toEqual(['6', '7']);
  const path = `/apis/apps/v1/namespaces/${NAMESPACE}/deployments/${CANARY_DEPLOYMENT}`;
  await lab.patch(path, { spec: { template: { metadata: { labels: { version: null } } } } });
  expect(at(await run(), 'versions')).toEqual(['6', '7']);
  await lab.patch(
    path,
    {
      spec: {
        template: {
          spec: {
            containers: [
              {
                name: 'model',
                env: [{ name: 'MODEL_URI', value: 'models:/fraud-scorer@champion' }],
              },
            ],
          },
        },
      },
    },
    'application/strategic-merge-patch+json',
  );
  const value = await run();
  expect(at(value, 'versions')).toEqual(['6']);
  expect(listAt(value, 'replicas').filter((one) => at(one, 'version') === null)).toHaveLength(2);
});

test('replica-sets: newest revision first', async () => {
  const { value } = await read('replica-sets', OF_CANARY);
  const sets = listAt(value, 'replicaSets');
  expect(sets.map((set) => [at(set, 'revision'), at(set, 'replicas')])).toEqual([
    [2, 2],
    [1, 0],
  ]);
});

test('pod-manifests: evidence holds the whole objects, without what looks like a credential', async () => {
  const { value, evidence } = await read('pod-manifests', OF_CANARY);
  expect(at(value, 'count')).toBe(2);
  const text = Buffer.from(evidence?.bytes ?? []).toString('utf8');
  expect(text).toContain('"uid"');
  expect(text).toContain('[redacted]');
  expect(text).not.toContain('hunter2');
});

test('an endless list stops at its limit and says that it is cut', async () => {
  const page = { metadata: { continue: 'more', resourceVersion: '1' }, items: [] };
  const matches = ({ path }: { readonly path: string }): boolean => path.endsWith('/pods');
  const reply = { status: 200, body: page };
  twin.faults.add({ kind: 'reply', reply }, { matches, times: 1_000 });
  const { truncated } = await read('pods', OF_CANARY);
  expect(truncated).toBe(true);
  const pages = twin.ledger.filter((entry) => entry.path.startsWith(`${CORE}/pods?limit=`));
  expect(pages.length).toBeLessThanOrEqual(80);
});

test('a list whose token expired begins anew once', async () => {
  const expired = { kind: 'Status', reason: 'Expired', message: 'too old', code: 410 };
  const matches = ({ path }: { readonly path: string }): boolean => path.endsWith('/replicasets');
  twin.faults.add({ kind: 'reply', reply: { status: 410, body: expired } }, { matches });
  expect(listAt((await read('replica-sets', OF_CANARY)).value, 'replicaSets')).toHaveLength(2);
  twin.faults.add({ kind: 'reply', reply: { status: 410, body: expired } }, { matches, times: 9 });
  const error: unknown = await read('replica-sets', OF_CANARY).catch((reason: unknown) => reason);
  expect(isAppError(error)).toBe(true);
});

test('another API that answers 404 is an error, never "does not exist"', async () => {
  const reply = { status: 404, body: { error: 'no route' } };
  twin.faults.add({ kind: 'reply', reply }, { times: 9 });
  const input = { namespace: NAMESPACE, name: 'pipeline' };
  const error: unknown = await read('config-map', input).catch((reason: unknown) => reason);
  expect(isAppError(error) && error.code).toBe('not_found');
});

test('all-running-versions: each version of each Deployment once, without quarantined pods', async () => {
  const { value, truncated } = await read('all-running-versions', { namespace: null });
  expect(truncated).toBe(false);
  const deployments = listAt(value, 'deployments');
  expect(deployments.map((one) => textAt(one, 'name'))).toEqual([
    'fraud-scorer',
    CANARY_DEPLOYMENT,
  ]);
  expect(
    deployments.map((one) => listAt(one, 'versions').map((run) => at(run, 'version'))),
  ).toEqual([['6'], ['7']]);
  expect(at(listAt(deployments[1], 'versions')[0], 'since')).toMatch(/^\d{4}-.*Z$/);
  await lab.patch(`/apis/apps/v1/namespaces/${NAMESPACE}/deployments/${CANARY_DEPLOYMENT}`, {
    spec: { replicas: 0 },
  });
  const after = await read('all-running-versions', { namespace: NAMESPACE });
  expect(listAt(after.value, 'deployments').map((one) => textAt(one, 'name'))).toEqual([
    'fraud-scorer',
  ]);
});
