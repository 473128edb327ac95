import type { Json } from '../../domain/json.ts';
import { defineProbe, type AnyProbe } from '../connector.ts';
import type { KubernetesClient } from './client.ts';
import { replicaSetsManifest } from './manifest.ts';
import { imagesOf } from './pod-view.ts';
import type { ReplicaSet } from './reply-schema.ts';
import { replicaSetsOf, requireDeployment, revisionOf, TEMPLATE_HASH_LABEL } from './workload.ts';

function viewOf(set: ReplicaSet): Json {
  return {
    name: set.metadata.name,
    uid: set.metadata.uid,
    revision: revisionOf(set),
    images: imagesOf(set.spec.template.spec.containers),
    replicas: set.spec.replicas ?? 1,
    templateHash: set.metadata.labels?.[TEMPLATE_HASH_LABEL] ?? null,
  };
}

/** Probe `replica-sets`: newest revision first. Raises `not_found` for an unknown Deployment. */
export function createReplicaSetsProbe(client: KubernetesClient): AnyProbe {
  return defineProbe({
    manifest: replicaSetsManifest,
    read: async ({ namespace, deployment: name }, context) => {
      const deployment = await requireDeployment(client, { namespace, name }, context);
      const { items, truncated } = await replicaSetsOf(client, deployment, context);
      return { value: { replicaSets: items.map(viewOf) }, truncated };
    },
  });
}
