import type { JsonObject } from '../../../domain/json.ts';
import {
  at,
  controllerOf,
  isControlledBy,
  isDeleting,
  labelsOf,
  listAt,
  nameOf,
  namespaceOf,
  numberAt,
  recordAt,
  uidOf,
  withAt,
} from '../object.ts';
import { matchesSelector } from '../selector.ts';
import { KINDS, ownerReference, safeSuffix, type Cluster } from './cluster.ts';
import { compareForDeletion, isActive, isReady, podFromTemplate } from './pod.ts';

/** Pods that one pass creates or deletes for one ReplicaSet, as the real burst limit. */
const BURST_MAX = 500;

/** Releases what no longer matches, adopts what matches and has no controller. */
function claimPods(cluster: Cluster, set: JsonObject): readonly JsonObject[] {
  const { store } = cluster;
  const selector = at(set, 'spec', 'selector');
  const claimed: JsonObject[] = [];
  for (const pod of store.list(KINDS.pods, namespaceOf(set))) {
    const matches = matchesSelector(labelsOf(pod), selector);
    if (isControlledBy(pod, set)) {
      if (matches) claimed.push(pod);
      else if (!isDeleting(pod)) {
        const owners = listAt(pod, 'metadata', 'ownerReferences');
        const rest = owners.filter((owner) => at(owner, 'uid') !== uidOf(set));
        const left = rest.length === 0 ? undefined : rest;
        store.replace(KINDS.pods, withAt(pod, ['metadata', 'ownerReferences'], left));
      }
    } else if (matches && controllerOf(pod) === undefined && isActive(pod)) {
      const owners = listAt(pod, 'metadata', 'ownerReferences');
      const references = [...owners, ownerReference(KINDS.replicaSets, set)];
      claimed.push(
        store.replace(KINDS.pods, withAt(pod, ['metadata', 'ownerReferences'], references)),
      );
    }
  }
  return claimed;
}

function createPods(cluster: Cluster, set: JsonObject, count: number): void {
  const owner = {
    name: nameOf(set),
    namespace: namespaceOf(set),
    reference: ownerReference(KINDS.replicaSets, set),
  };
  for (let index = 0; index < Math.min(count, BURST_MAX); index += 1) {
    const suffix = safeSuffix(`${uidOf(set)}/${cluster.next().toString()}`, 5);
    const pod = podFromTemplate(recordAt(set, 'spec', 'template'), owner, suffix);
    cluster.store.insert(KINDS.pods, pod);
  }
}

function writeStatus(cluster: Cluster, set: JsonObject): void {
  const pods = cluster.store
    .list(KINDS.pods, namespaceOf(set))
    .filter((pod) => isControlledBy(pod, set) && isActive(pod));
  const ready = pods.filter(isReady).length;
  cluster.store.replace(KINDS.replicaSets, {
    ...set,
    status: {
      replicas: pods.length,
      fullyLabeledReplicas: pods.length,
      ...(ready === 0 ? {} : { readyReplicas: ready, availableReplicas: ready }),
      observedGeneration: numberAt(set, 'metadata', 'generation') ?? 1,
    },
  });
}

/** Brings the pods of every ReplicaSet to the number that it wants. */
export function reconcileReplicaSets(cluster: Cluster): void {
  for (const set of cluster.store.list(KINDS.replicaSets)) {
    if (isDeleting(set)) continue;
    const active = claimPods(cluster, set).filter(isActive);
    const missing = (numberAt(set, 'spec', 'replicas') ?? 1) - active.length;
    if (missing > 0) createPods(cluster, set, missing);
    if (missing < 0) {
      const surplus = active.toSorted(compareForDeletion).slice(0, Math.min(-missing, BURST_MAX));
      for (const pod of surplus) cluster.store.remove(KINDS.pods, pod);
    }
    writeStatus(cluster, set);
  }
}
