import type { Json } from '../../domain/json.ts';
import { defineProbe, type AnyProbe } from '../connector.ts';
import type { KubernetesClient } from './client.ts';
import { runningVersionsManifest } from './manifest.ts';
import { replicaView, versionOf } from './pod-view.ts';
import type { Pod } from './reply-schema.ts';
import { isActive, podsOf, requireDeployment } from './workload.ts';

function distinctVersions(pods: readonly Pod[]): readonly string[] {
  const versions = pods.map(versionOf).filter((version) => version !== null);
  return [...new Set(versions)].sort((a, b) => a.localeCompare(b, 'en', { numeric: true }));
}

/**
 * Probe `running-versions`: every active replica, quarantined ones aside; a replica whose version nobody tells has
 * `version` null. Raises `not_found` for an unknown Deployment.
 */
export function createRunningVersionsProbe(client: KubernetesClient): AnyProbe {
  return defineProbe({
    manifest: runningVersionsManifest,
    read: async ({ namespace, deployments }, context) => {
      const replicas: Json[] = [];
      const active: Pod[] = [];
      let truncated = false;
      for (const name of deployments) {
        const deployment = await requireDeployment(client, { namespace, name }, context);
        const pods = await podsOf(client, deployment, context);
        const running = pods.owned.filter(isActive);
        active.push(...running);
        replicas.push(...running.map((pod) => replicaView(pod, name)));
        truncated ||= pods.truncated;
      }
      return { value: { replicas, versions: distinctVersions(active) }, truncated };
    },
  });
}
