// Goal: a quarantined pod is set aside as evidence and nothing else is touched, on the way there and on both ways back.
// Method: the twin, seeded and looked at by plain HTTP.
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { isJsonObject, type JsonObject } from '../../domain/json.ts';
import { at, labelsOf, nameOf, textAt } from '../../lab/kubernetes/object.ts';
import { createPlainClient, type PlainClient } from '../../lab/kubernetes/plain-client.ts';
import { CANARY_DEPLOYMENT, NAMESPACE, seedServing } from '../../lab/kubernetes/serving-sample.ts';
import { createKubernetesTwin, type KubernetesTwin } from '../../lab/kubernetes/twin.ts';
import type { AnyAction, Connector } from '../connector.ts';
import { actionOf, callContext, failureOf } from '../test-connector.ts';
import { create } from './index.ts';

const CORE = `/api/v1/namespaces/${NAMESPACE}`;
const DEPLOYMENT = `/apis/apps/v1/namespaces/${NAMESPACE}/deployments/${CANARY_DEPLOYMENT}`;
const POLICIES = `/apis/networking.k8s.io/v1/namespaces/${NAMESPACE}/networkpolicies`;

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

function quarantine(): AnyAction {
  return actionOf(connector, 'quarantine-pod');
}

async function pods(): Promise<readonly JsonObject[]> {
  return (await lab.items(`${CORE}/pods`)).filter(isJsonObject);
}

const input = {
  namespace: NAMESPACE,
  deployment: CANARY_DEPLOYMENT,
  reason: 'serves a poisoned model',
  owner: 'on-call@lab.test',
  leaseUntil: '2026-12-01T00:00:00Z',
};

test('the pod is kept with only our labels, replaced, and denied all traffic', async () => {
  const plan = await quarantine().plan(input, callContext());
  const name = textAt(plan.after, 'pod', 'name');
  expect(plan.targets).toEqual([
    `Deployment/${NAMESPACE}/${CANARY_DEPLOYMENT}`,
    `Pod/${NAMESPACE}/${name}`,
  ]);
  await quarantine().apply(input, plan, callContext());
  const { body } = await lab.send('GET', `${CORE}/pods/${name}`);
  expect(labelsOf(body)).toEqual({
    'firebreak.dev/quarantined': 'incident-1',
    'firebreak.dev/quarantined-from': CANARY_DEPLOYMENT,
    'firebreak.dev/quarantined-pod': name,
  });
  expect(textAt(body, 'metadata', 'annotations', 'firebreak.dev/owner')).toBe('on-call@lab.test');
  expect(at(body, 'metadata', 'ownerReferences')).toBeUndefined();
  const [policy] = await lab.items(POLICIES);
  expect(policy).toMatchObject({
    metadata: {
      name: `firebreak-quarantine-${name}`,
      labels: { 'firebreak.dev/incident': 'incident-1' },
    },
    spec: { policyTypes: ['Ingress', 'Egress'] },
  });
  expect(await pods()).toHaveLength(6);
  expect(await quarantine().verify(input, plan, callContext())).toEqual({ holds: 'yes' });
});

test('when the ReplicaSet wants no pods any more, going back deletes pod and policy', async () => {
  const plan = await quarantine().plan(input, callContext());
  await quarantine().apply(input, plan, callContext());
  await lab.patch(DEPLOYMENT, { spec: { replicas: 0 } });
  await quarantine().revert?.(input, plan, callContext());
  const names = (await pods()).map(nameOf);
  expect(names).not.toContain(textAt(plan.after, 'pod', 'name'));
  expect(names).toHaveLength(3);
  expect(await lab.items(POLICIES)).toEqual([]);
  const place = twin.ledger.length;
  await quarantine().revert?.(input, plan, callContext());
  expect(twin.ledger.slice(place).some((entry) => entry.changed)).toBe(false);
});

test('a policy of that name that is not ours is never touched', async () => {
  const plan = await quarantine().plan(input, callContext());
  const name = `firebreak-quarantine-${textAt(plan.after, 'pod', 'name')}`;
  const theirs = { metadata: { name }, spec: { podSelector: {}, ingress: [{}] } };
  await lab.send('POST', POLICIES, { body: theirs });
  const applying = quarantine().apply(input, plan, callContext());
  expect((await failureOf(applying)).code).toBe('conflict');
  const reverting = quarantine().revert?.(input, plan, callContext());
  expect((await failureOf(reverting ?? Promise.resolve())).code).toBe('conflict');
  expect(await lab.items(POLICIES)).toHaveLength(1);
});

test('a policy that allows and selects every pod is named in the plan', async () => {
  const body = { metadata: { name: 'allow-all' }, spec: { podSelector: {}, ingress: [{}] } };
  await lab.send('POST', POLICIES, { body });
  const plan = await quarantine().plan(input, callContext());
  expect(plan.summary).toContain('allow-all');
});

test('a pod that is gone is told: verify no, ensure not_found', async () => {
  const plan = await quarantine().plan(input, callContext());
  await quarantine().apply(input, plan, callContext());
  await lab.send('DELETE', `${CORE}/pods/${textAt(plan.after, 'pod', 'name')}`);
  expect(await quarantine().verify(input, plan, callContext())).toMatchObject({
    holds: 'no',
  });
  const ensuring = quarantine().ensure?.(input, plan, callContext());
  expect((await failureOf(ensuring ?? Promise.resolve())).code).toBe('not_found');
});
