import { setTimeout as sleep } from 'node:timers/promises';
import { isJsonObject, type Json, type JsonObject } from '../../../domain/json.ts';
import {
  isControlledBy,
  isDeleting,
  labelsOf,
  listAt,
  mapAt,
  numberAt,
  textAt,
} from '../../../lab/kubernetes/object.ts';
import type { PlainClient } from '../../../lab/kubernetes/plain-client.ts';

const RESTS_WITHIN_MS = 60_000;
const LOOK_MS = 50;

function observed(object: JsonObject): boolean {
  const generation = numberAt(object, 'metadata', 'generation') ?? 0;
  return (numberAt(object, 'status', 'observedGeneration') ?? 0) >= generation;
}

function isReady(pod: JsonObject): boolean {
  return listAt(pod, 'status', 'conditions').some(
    (one) => textAt(one, 'type') === 'Ready' && textAt(one, 'status') === 'True',
  );
}

function selects(replicaSet: JsonObject, pod: JsonObject): boolean {
  const wanted = Object.entries(mapAt(replicaSet, 'spec', 'selector', 'matchLabels'));
  return wanted.every(([key, value]) => labelsOf(pod)[key] === value);
}

/** True when a ReplicaSet has exactly the pods that it wants, owns no others, and says so. */
function rests(replicaSet: JsonObject, pods: readonly JsonObject[]): boolean {
  const wanted = numberAt(replicaSet, 'spec', 'replicas') ?? 0;
  const matching = pods.filter((pod) => selects(replicaSet, pod));
  const owned = pods.filter((pod) => isControlledBy(pod, replicaSet));
  const told = ['replicas', 'readyReplicas'].map((key) => numberAt(replicaSet, 'status', key) ?? 0);
  return (
    observed(replicaSet) &&
    [matching.length, owned.length, ...told].every((count) => count === wanted) &&
    matching.every((pod) => isControlledBy(pod, replicaSet))
  );
}

function isRolledOut(deployment: JsonObject): boolean {
  const wanted = numberAt(deployment, 'spec', 'replicas') ?? 0;
  const told = ['replicas', 'updatedReplicas', 'readyReplicas'].map(
    (key) => numberAt(deployment, 'status', key) ?? 0,
  );
  return observed(deployment) && told.every((count) => count === wanted);
}

function objects(items: readonly Json[]): readonly JsonObject[] {
  return items.filter(isJsonObject);
}

/** Addresses of a namespace's Services that are ready. */
async function addresses(client: PlainClient, namespace: string): Promise<number> {
  const path = `/apis/discovery.k8s.io/v1/namespaces/${namespace}/endpointslices`;
  return (await client.items(path)).flatMap((slice) => listAt(slice, 'endpoints')).length;
}

/** Pods that a namespace's Services select. */
async function selected(
  client: PlainClient,
  namespace: string,
  pods: readonly JsonObject[],
): Promise<number> {
  const services = objects(await client.items(`/api/v1/namespaces/${namespace}/services`));
  return services.flatMap((service) => {
    const wanted = Object.entries(mapAt(service, 'spec', 'selector'));
    return pods.filter((pod) => wanted.every(([key, value]) => labelsOf(pod)[key] === value));
  }).length;
}

/** Waits until the controllers have nothing left to do in a namespace. Raises when they never come to rest. */
export async function untilAtRest(client: PlainClient, namespace: string): Promise<void> {
  const apps = `/apis/apps/v1/namespaces/${namespace}`;
  const deadline = Date.now() + RESTS_WITHIN_MS;
  while (Date.now() < deadline) {
    const pods = objects(await client.items(`/api/v1/namespaces/${namespace}/pods`));
    const replicaSets = objects(await client.items(`${apps}/replicasets`));
    const deployments = objects(await client.items(`${apps}/deployments`));
    if (
      pods.every((pod) => isReady(pod) && !isDeleting(pod)) &&
      replicaSets.every((replicaSet) => rests(replicaSet, pods)) &&
      deployments.every(isRolledOut) &&
      (await addresses(client, namespace)) === (await selected(client, namespace, pods))
    ) {
      return;
    }
    await sleep(LOOK_MS);
  }
  throw new Error(`The controllers did not come to rest in ${namespace}.`);
}
