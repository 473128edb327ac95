import { invariant } from '../../../domain/error.ts';
import type { Cluster } from './cluster.ts';
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

/** The controllers over one cluster. */
export function createControllerManager(cluster: Cluster): ControllerManager {
  const kubelet = createKubelet(cluster);
  return {
    settle: () => {
      for (let pass = 0; pass < PASSES_MAX; pass += 1) {
        const before = cluster.store.version();
        collectGarbage(cluster);
        reconcileDeployments(cluster);
        reconcileReplicaSets(cluster);
        kubelet.run();
        reconcileEndpointSlices(cluster);
        if (cluster.store.version() === before) return;
      }
      invariant(false, 'the controllers of the twin come to rest');
    },
  };
}
