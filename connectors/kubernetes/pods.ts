import { defineProbe, type AnyProbe } from '../connector.ts';
import type { KubernetesClient } from './client.ts';
import { podsManifest } from './manifest.ts';
import { podView } from './pod-view.ts';
import { podsOf, requireDeployment } from './workload.ts';

/** Probe `pods`: those of the Deployment, then those quarantined from it. Raises `not_found`. */
export function createPodsProbe(client: KubernetesClient): AnyProbe {
  return defineProbe({
    manifest: podsManifest,
    read: async ({ namespace, deployment: name }, context) => {
      const deployment = await requireDeployment(client, { namespace, name }, context);
      const { owned, quarantined, truncated } = await podsOf(client, deployment, context);
      return { value: { pods: [...owned, ...quarantined].map(podView) }, truncated };
    },
  });
}
