import type { Json } from '../../domain/json.ts';
import { defineProbe, type AnyProbe } from '../connector.ts';
import type { KubernetesClient } from './client.ts';
import { listAll } from './deployments.ts';
import { PODS } from './kind.ts';
import { allRunningVersionsManifest } from './manifest.ts';
import { versionOf } from './pod-view.ts';
import type { Pod } from './reply-schema.ts';
import { deploymentNameOf, isActive } from './workload.ts';

/** One version that replicas of a Deployment run. */
interface Running {
  readonly version: string | null;
  readonly image: string;
  readonly imageId: string;
  /** Since when its oldest replica runs, RFC 3339; null when no replica says. */
  since: string | null;
}

function runningOf(pod: Pod): Running {
  const [first] = pod.spec.containers;
  const status = pod.status?.containerStatuses?.find(({ name }) => name === first?.name);
  return {
    version: versionOf(pod),
    image: first?.image ?? '',
    imageId: status?.imageID ?? '',
    since: pod.status?.startTime ?? null,
  };
}

function keyOf({ version, image, imageId }: Running): string {
  return JSON.stringify([version, image, imageId]);
}

/** Active pods by their Deployment, each version once. */
function byDeployment(pods: readonly Pod[]): ReadonlyMap<string, ReadonlyMap<string, Running>> {
  const found = new Map<string, Map<string, Running>>();
  for (const pod of pods.filter(isActive)) {
    const name = deploymentNameOf(pod);
    if (name === null) continue;
    const place = `${pod.metadata.namespace ?? ''}/${name}`;
    const versions = found.get(place) ?? new Map<string, Running>();
    const running = runningOf(pod);
    const known = versions.get(keyOf(running));
    if (known === undefined) versions.set(keyOf(running), running);
    else if (running.since !== null && running.since < (known.since ?? '~')) {
      known.since = running.since;
    }
    found.set(place, versions);
  }
  return found;
}

function viewOf(place: string, versions: ReadonlyMap<string, Running>): Json {
  const slash = place.indexOf('/');
  const sorted = [...versions].sort(([a], [b]) => (a < b ? -1 : 1));
  return {
    namespace: place.slice(0, slash),
    name: place.slice(slash + 1),
    versions: sorted.map(([, running]) => ({ ...running })),
  };
}

/**
 * Probe `all-running-versions`: `{deployments: [{namespace, name, versions: [{version, image, imageId, since}]}]}` of
 * the active replicas of a namespace, or of the configured ones or the whole cluster with null. How many run a version
 * is left out: it moves all the time.
 */
export function createAllRunningVersionsProbe(
  client: KubernetesClient,
  configured: readonly string[] | undefined,
): AnyProbe {
  return defineProbe({
    manifest: allRunningVersionsManifest,
    read: async ({ namespace }, context) => {
      const namespaces = namespace === null ? (configured ?? [null]) : [namespace];
      const { items, truncated } = await listAll(client, { kind: PODS, namespaces }, context);
      const deployments = [...byDeployment(items)]
        .sort(([a], [b]) => (a < b ? -1 : 1))
        .map(([place, versions]) => viewOf(place, versions));
      return { value: { deployments }, truncated };
    },
  });
}
