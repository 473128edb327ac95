import type { Json } from '../../domain/json.ts';
import { defineProbe, type AnyProbe } from '../connector.ts';
import type { KubernetesClient } from './client.ts';
import { DEPLOYMENTS } from './kind.ts';
import { deploymentManifest } from './manifest.ts';
import { ownershipOf } from './ownership.ts';
import { envOf, imagesOf } from './pod-view.ts';
import type { Deployment } from './reply-schema.ts';
import { rolloutNumbers } from './rollout.ts';
import { annotationsOf } from './workload.ts';

const ABSENT = {
  exists: false,
  uid: null,
  replicas: 0,
  readyReplicas: 0,
  updatedReplicas: 0,
  availableReplicas: 0,
  generation: 0,
  observedGeneration: 0,
  images: {},
  env: {},
  selector: {},
  annotations: {},
  owners: [],
};

function viewOf(deployment: Deployment, owners: readonly string[]): Json {
  const numbers = rolloutNumbers(deployment);
  const { containers } = deployment.spec.template.spec;
  return {
    exists: true,
    uid: deployment.metadata.uid,
    replicas: numbers.wanted,
    readyReplicas: numbers.ready,
    updatedReplicas: numbers.updated,
    availableReplicas: numbers.available,
    generation: numbers.generation,
    observedGeneration: numbers.observedGeneration,
    images: imagesOf(containers),
    env: envOf(containers),
    selector: deployment.spec.selector.matchLabels ?? {},
    annotations: annotationsOf(deployment),
    owners,
  };
}

/** Probe `deployment`: `exists` is false when there is none. `replicas` is the number wanted. */
export function createDeploymentProbe(client: KubernetesClient): AnyProbe {
  return defineProbe({
    manifest: deploymentManifest,
    read: async (input, context) => {
      const deployment = await client.find(DEPLOYMENTS, input, context);
      if (deployment === null) return { value: ABSENT, truncated: false };
      const { owners } = await ownershipOf(client, deployment, context);
      return { value: viewOf(deployment, owners), truncated: false };
    },
  });
}
