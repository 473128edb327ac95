import { invariant } from '../../../domain/error.ts';
import { namespaceOf, textAt } from '../object.ts';
import type { ObjectStore } from '../object-store.ts';
import { KINDS, type Cluster } from './cluster.ts';
import { reconcileDeployments } from './deployment.ts';
import { reconcileEndpointSlices } from './endpoint-slice.ts';
import { collectGarbage } from './garbage-collector.ts';
import { createKubelet } from './pod.ts';
import { reconcileReplicaSets } from './replica-set.ts';

/** Passes until nothing changes; more means that two controllers fight. */
const PASSES_MAX = 2_000;

/** The controllers of the twin: level-triggered, run to rest. */
export interface ControllerManager {
  /** Runs every controller until nothing changes. */
  settle(): void;
}

/** A store that lists one namespace, and what belongs to none. */
function within(store: ObjectStore, namespace: string): ObjectStore {
  return {
    ...store,
    list: (resource, asked) =>
      store.list(resource, asked ?? (resource.namespaced ? namespace : undefined)),
  };
}

/** Namespaces in which a controller may have something to do; null for all of them. */
function restless(store: ObjectStore, settled: number): readonly string[] | null {
  const changed = store.changedSince(settled);
  if (changed.includes('')) return null;
  const starting = store
    .list(KINDS.pods)
    .filter((pod) => textAt(pod, 'status', 'phase') === 'Pending')
    .map(namespaceOf);
  return [...new Set([...changed, ...starting])];
}

/** The controllers over one cluster. */
export function createControllerManager(cluster: Cluster): ControllerManager {
  const kubelet = createKubelet(cluster);
  let settled = 0;
  const runOnce = (store: ObjectStore): void => {
    const part = { ...cluster, store };
    collectGarbage(part);
    reconcileDeployments(part);
    reconcileReplicaSets(part);
    kubelet.run(store);
    reconcileEndpointSlices(part);
  };
  return {
    settle: () => {
      const { store } = cluster;
      const namespaces = restless(store, settled);
      const parts = namespaces?.map((namespace) => within(store, namespace)) ?? [store];
      for (let pass = 0; pass < PASSES_MAX; pass += 1) {
        const before = store.version();
        for (const part of parts) runOnce(part);
        settled = store.version();
        if (settled === before) return;
      }
      invariant(false, 'the controllers of the twin come to rest');
    },
  };
}
