import { isJsonObject, type Json } from '../../domain/json.ts';
import type { AccessRequest } from '../../lab/kubernetes/access.ts';
import { at, labelsOf, listAt, nameOf, recordAt } from '../../lab/kubernetes/object.ts';
import {
  createPlainClient,
  PATCH_TYPES,
  type PlainClient,
} from '../../lab/kubernetes/plain-client.ts';
import { CANARY_DEPLOYMENT, NAMESPACE, seedServing } from '../../lab/kubernetes/serving-sample.ts';
import { createKubernetesTwin } from '../../lab/kubernetes/twin.ts';
import type { ActionCase, ContractFixture, ContractWorld, ProbeCase } from './fixture.ts';

const CANARY = 'canary-kubernetes-9a3c1e';
const IMAGE_PATH = '/spec/template/spec/containers/0/image';

/** Where the sample lives, on a twin or on a real server. */
export interface SampleCluster {
  readonly client: PlainClient;
  readonly namespace: string;
  /** Waits until the controllers are at rest. */
  readonly settled: () => Promise<void>;
}

function pathsOf(namespace: string) {
  return {
    core: `/api/v1/namespaces/${namespace}`,
    deployment: `/apis/apps/v1/namespaces/${namespace}/deployments/${CANARY_DEPLOYMENT}`,
    policies: `/apis/networking.k8s.io/v1/namespaces/${namespace}/networkpolicies`,
  };
}

/** What of the canary's Deployment actions may touch, without times and versions. */
async function deploymentSnapshot({ client, namespace }: SampleCluster): Promise<Json> {
  const { body } = await client.send('GET', pathsOf(namespace).deployment);
  const ours = Object.keys(recordAt(body, 'metadata', 'annotations')).filter((key) =>
    key.startsWith('firebreak.dev/'),
  );
  return {
    replicas: at(body, 'spec', 'replicas') ?? null,
    template: at(body, 'spec', 'template') ?? null,
    marks: ours,
  };
}

/** A pod's name without the part that its ReplicaSet makes up. */
function nameless(text: string): string {
  return text.replace(/-[a-z0-9]{5}$/, '-*');
}

/** Labels and owners of all pods, without the names that a ReplicaSet makes up, and the policies. */
async function podSnapshot({ client, namespace, settled }: SampleCluster): Promise<Json> {
  await settled();
  const { core, policies: path } = pathsOf(namespace);
  const pods = (await client.items(`${core}/pods`)).filter(isJsonObject).map((pod) => {
    const owned = listAt(pod, 'metadata', 'ownerReferences').length;
    const labels = Object.entries(labelsOf(pod))
      .map(([key, value]) => `${key}=${nameless(value)}`)
      .sort();
    return `${owned.toString()} ${labels.join(',')}`;
  });
  const policies = (await client.items(path))
    .filter(isJsonObject)
    .map((policy) => nameless(nameOf(policy)));
  return { pods: pods.sort(), policies };
}

/** Each action on the sample. */
export function actionCases(cluster: SampleCluster): readonly ActionCase[] {
  const { client, namespace } = cluster;
  const name = CANARY_DEPLOYMENT;
  const target = { namespace, name };
  const { core, deployment: path } = pathsOf(namespace);
  const container = 'model';
  const foreignImage = async (): Promise<void> => {
    const value = 'registry.lab.test/fraud-scorer:9';
    await client.patch(path, [{ op: 'replace', path: IMAGE_PATH, value }], PATCH_TYPES.json);
  };
  const workload = {
    meddle: foreignImage,
    snapshot: (): Promise<Json> => deploymentSnapshot(cluster),
  };
  const six = 'registry.lab.test/fraud-scorer:6';
  const merging = (at: string, body: Json) => async (): Promise<void> => {
    await client.patch(at, body);
  };
  return [
    {
      ...workload,
      action: 'scale',
      input: { ...target, replicas: 0 },
      meddle: merging(path, { spec: { replicas: 5 } }),
    },
    { ...workload, action: 'set-image', input: { ...target, container, image: six, version: '6' } },
    { ...workload, action: 'rollback', input: { ...target, container, image: six } },
    {
      ...workload,
      action: 'restart',
      input: target,
      meddle: merging(path, {
        spec: {
          template: {
            metadata: { annotations: { 'kubectl.kubernetes.io/restartedAt': 'theirs' } },
          },
        },
      }),
    },
    {
      action: 'route-service',
      input: { namespace, name: 'fraud-scorer', selector: { version: '6' } },
      meddle: merging(`${core}/services/fraud-scorer`, { spec: { selector: { version: '9' } } }),
      snapshot: async () => {
        const { body } = await client.send('GET', `${core}/services/fraud-scorer`);
        return { selector: at(body, 'spec', 'selector') ?? null };
      },
    },
    {
      action: 'config-map-key',
      input: {
        namespace,
        name: 'pipeline',
        key: 'dataset',
        value: 'transactions@2026-11-20',
      },
      meddle: merging(`${core}/configmaps/pipeline`, { data: { dataset: 'theirs' } }),
      snapshot: async () => {
        const { body } = await client.send('GET', `${core}/configmaps/pipeline`);
        return { data: at(body, 'data') ?? null };
      },
    },
    {
      action: 'quarantine-pod',
      input: {
        namespace,
        deployment: name,
        reason: 'serves a poisoned model',
        owner: 'on-call@lab.test',
        leaseUntil: '2026-12-01T00:00:00Z',
      },
      meddle: async () => {
        for (const pod of (await client.items(`${core}/pods`)).filter(isJsonObject)) {
          const body = { metadata: { labels: { theirs: 'yes' } } };
          await client.patch(`${core}/pods/${nameOf(pod)}`, body);
        }
      },
      snapshot: () => podSnapshot(cluster),
    },
  ];
}

/** Each probe on the sample. */
export function probeCases(namespace: string): readonly ProbeCase[] {
  const deployment = CANARY_DEPLOYMENT;
  return [
    { probe: 'deployment', input: { namespace, name: deployment } },
    { probe: 'deployments', input: { namespace } },
    { probe: 'pods', input: { namespace, deployment } },
    { probe: 'endpoints', input: { namespace, service: 'fraud-scorer' } },
    {
      probe: 'running-versions',
      input: { namespace, deployments: ['fraud-scorer', deployment] },
    },
    { probe: 'all-running-versions', input: { namespace } },
    { probe: 'replica-sets', input: { namespace, deployment } },
    { probe: 'config-map', input: { namespace, name: 'pipeline' } },
    { probe: 'pod-manifests', input: { namespace, deployment } },
  ];
}

/** The sample on a twin; `isAllowed` may refuse what the connector asks for. */
export async function startKubernetesWorld(
  isAllowed?: (request: AccessRequest) => boolean,
): Promise<ContractWorld> {
  const twin = await createKubernetesTwin({
    namespaces: [NAMESPACE],
    tokens: { [CANARY]: 'system:serviceaccount:firebreak:firebreak' },
    ...(isAllowed === undefined ? {} : { isAllowed }),
  });
  const client = createPlainClient(twin.url, CANARY);
  await seedServing(client);
  return {
    config: { server: twin.url, token: CANARY },
    canary: CANARY,
    twin,
    actions: actionCases({ client, namespace: NAMESPACE, settled: () => Promise.resolve() }),
    probes: probeCases(NAMESPACE),
    stop: () => twin.close(),
  };
}

/** Kubernetes: a stable and a canary Deployment behind one Service, and the pipeline's ConfigMap. */
export const fixture: ContractFixture = {
  connector: 'kubernetes',
  start: () => startKubernetesWorld(),
};
