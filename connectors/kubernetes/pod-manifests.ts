import { z } from 'zod';
import type { Json } from '../../domain/json.ts';
import { defineProbe, type AnyProbe } from '../connector.ts';
import type { KubernetesClient } from './client.ts';
import { podManifestsManifest } from './manifest.ts';
import { redactEnvironment } from './pod-view.ts';
import type { Pod, ReplicaSet } from './reply-schema.ts';
import { podsOf, requireDeployment } from './workload.ts';

const jsonValue = z.json();

function manifestOf(kind: 'Pod' | 'ReplicaSet', object: Pod | ReplicaSet): Json {
  const apiVersion = kind === 'Pod' ? 'v1' : 'apps/v1';
  return redactEnvironment(jsonValue.parse({ ...object, apiVersion, kind }));
}

/**
 * Probe `pod-manifests`: the pods and ReplicaSets as one `List`, as evidence; environment values whose name speaks
 * of a credential are redacted. Raises `not_found` for an unknown Deployment.
 */
export function createPodManifestsProbe(client: KubernetesClient): AnyProbe {
  return defineProbe({
    manifest: podManifestsManifest,
    read: async ({ namespace, deployment: name }, context) => {
      const deployment = await requireDeployment(client, { namespace, name }, context);
      const found = await podsOf(client, deployment, context);
      const pods = [...found.owned, ...found.quarantined];
      const items = [
        ...pods.map((pod) => manifestOf('Pod', pod)),
        ...found.replicaSets.map((set) => manifestOf('ReplicaSet', set)),
      ];
      const list = { apiVersion: 'v1', kind: 'List', items };
      return {
        value: { count: pods.length, pods: pods.map((pod) => pod.metadata.name) },
        evidence: {
          bytes: new TextEncoder().encode(`${JSON.stringify(list, null, 2)}\n`),
          mediaType: 'application/json',
        },
        truncated: found.truncated,
      };
    },
  });
}
