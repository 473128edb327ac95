// Goal: a plan says which ready replicas stop serving because of it, of which Deployment, and never fewer than there
// are. Method: the twin's stable (3) and canary (2) behind one Service.
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import type { Json } from '../../domain/json.ts';
import type { TakenCapacity } from '../../domain/plan.ts';
import { createPlainClient } from '../../lab/kubernetes/plain-client.ts';
import { CANARY_DEPLOYMENT, NAMESPACE, seedServing } from '../../lab/kubernetes/serving-sample.ts';
import { createKubernetesTwin, type KubernetesTwin } from '../../lab/kubernetes/twin.ts';
import type { Connector } from '../connector.ts';
import { readingContext } from '../test-connector.ts';
import { create } from './index.ts';

const CANARY = `Deployment/${NAMESPACE}/${CANARY_DEPLOYMENT}`;
const STABLE = `Deployment/${NAMESPACE}/fraud-scorer`;

let twin: KubernetesTwin;
let connector: Connector;

beforeEach(async () => {
  twin = await createKubernetesTwin({ namespaces: [NAMESPACE] });
  await seedServing(createPlainClient(twin.url));
  connector = create({ server: twin.url });
});
afterEach(async () => {
  await connector.close();
  await twin.close();
});

const at = { namespace: NAMESPACE };
const quarantine = { ...at, deployment: CANARY_DEPLOYMENT, reason: 'r', owner: 'o' };

test.each<[string, string, Json, readonly TakenCapacity[] | undefined]>([
  [
    'scaling to zero takes all ready replicas',
    'scale',
    { ...at, name: CANARY_DEPLOYMENT, replicas: 0 },
    [{ object: CANARY, replicas: 2, stays: false }],
  ],
  [
    'scaling down takes what is more',
    'scale',
    { ...at, name: 'fraud-scorer', replicas: 2 },
    [{ object: STABLE, replicas: 1, stays: false }],
  ],
  ['scaling up takes none', 'scale', { ...at, name: 'fraud-scorer', replicas: 9 }, undefined],
  [
    'routing past the canary takes its pods',
    'route-service',
    { ...at, name: 'fraud-scorer', selector: { track: 'fraud-scorer' } },
    [{ object: CANARY, replicas: 2, stays: true }],
  ],
  [
    'routing to nothing takes every Deployment',
    'route-service',
    { ...at, name: 'fraud-scorer', selector: { 'firebreak.dev/in-service': 'none' } },
    [
      { object: STABLE, replicas: 3, stays: true },
      { object: CANARY, replicas: 2, stays: true },
    ],
  ],
  [
    'routing as before takes none',
    'route-service',
    { ...at, name: 'fraud-scorer', selector: { app: 'fraud-scorer' } },
    undefined,
  ],
  [
    'setting a pod aside takes one',
    'quarantine-pod',
    { ...quarantine, leaseUntil: '2999-01-01T00:00:00.000Z' },
    [{ object: CANARY, replicas: 1, stays: true }],
  ],
])('%s', async (...values) => {
  const [, name, input, takes] = values;
  const plan = await connector.actions[name]?.plan(input, readingContext());
  expect(plan?.takes?.toSorted((a, b) => b.replicas - a.replicas)).toEqual(takes);
});

test.each([
  ['what serves', STABLE, 3],
  ['what is not there', `Deployment/${NAMESPACE}/gone`, 0],
  ['another kind', `Service/${NAMESPACE}/fraud-scorer`, null],
])('ready replicas of %s', async (_title, object, ready) => {
  expect(await connector.readyReplicas?.(object, readingContext())).toBe(ready);
});
