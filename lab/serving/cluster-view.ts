import { z } from 'zod';
import type { JsonClient } from '../scenario/json-client.ts';

/** Where the view looks, and how it names the version behind an alias. */
export interface ClusterViewOptions {
  /** An API server, twin or real. */
  readonly kubernetes: Pick<JsonClient, 'send'>;
  /** The version that an alias names when a pod starts; for `models:/name@alias`. */
  readonly resolveAlias?: (model: string, alias: string) => Promise<string | null>;
  /**
   * Version of the last change to the cluster, where that is known: until it moves, what was seen is told again, and no
   * alias is asked for.
   */
  readonly clusterVersion?: () => number;
}

interface Service {
  readonly namespace: string;
  readonly name: string;
}

/** One pod that a Service reaches. */
export interface Replica {
  readonly pod: string;
  readonly deployment: string;
  readonly version: string;
}

/** What runs behind Services, as far as Kubernetes says so. */
export interface ClusterView {
  /** The pods that a Service reaches now and whose version is known. Raises when the API server does not answer. */
  replicasOf(service: Service): Promise<readonly Replica[]>;
}

const MODEL_URI = /^models:\/([^/@]+)(?:\/(\w+)|@([\w-]+))$/;

const podSchema = z.object({
  metadata: z.object({
    name: z.string(),
    uid: z.string(),
    labels: z.record(z.string(), z.string()).default({}),
  }),
  spec: z.object({
    containers: z.array(
      z.object({
        env: z.array(z.object({ name: z.string(), value: z.string().optional() })).default([]),
      }),
    ),
  }),
});
const podList = z.object({ items: z.array(podSchema) });
const sliceList = z.object({
  items: z.array(
    z.object({
      endpoints: z
        .array(
          z.object({
            conditions: z.object({ ready: z.boolean().nullish() }).nullish(),
            targetRef: z.object({ name: z.string() }).nullish(),
          }),
        )
        .nullish()
        .transform((endpoints) => endpoints ?? []),
    }),
  ),
});

type Pod = z.output<typeof podSchema>;

/** The names of the pods that ready endpoints point at. */
function reachedBy(slices: z.output<typeof sliceList>): ReadonlySet<string | undefined> {
  return new Set(
    slices.items.flatMap(({ endpoints }) =>
      endpoints
        .filter(({ conditions }) => conditions?.ready !== false)
        .map(({ targetRef }) => targetRef?.name),
    ),
  );
}

/** The version that a pod's label or environment names, through an alias if need be; null when none does. */
async function namedVersion(pod: Pod, options: ClusterViewOptions): Promise<string | null> {
  const label = pod.metadata.labels['version'];
  if (label !== undefined) return label;
  const values = pod.spec.containers.flatMap(({ env }) => env.map(({ value }) => value ?? ''));
  const match = values.map((value) => MODEL_URI.exec(value)).find((found) => found !== null);
  const [, model = '', pinned, alias] = match ?? [];
  if (pinned !== undefined) return pinned;
  return alias === undefined ? null : ((await options.resolveAlias?.(model, alias)) ?? null);
}

/** A view of a cluster. It keeps the version of each pod: an alias that moves later reloads nothing. */
export function createClusterView(options: ClusterViewOptions): ClusterView {
  const versions = new Map<string, string>();
  const get = (path: string): Promise<unknown> => options.kubernetes.send('GET', path);
  const versionOf = async (pod: Pod): Promise<string | null> => {
    const { uid } = pod.metadata;
    const version = versions.get(uid) ?? (await namedVersion(pod, options));
    if (version !== null) versions.set(uid, version);
    return version;
  };
  const look = async ({ namespace, name }: Service): Promise<readonly Replica[]> => {
    const selector = encodeURIComponent(`kubernetes.io/service-name=${name}`);
    const path = `/apis/discovery.k8s.io/v1/namespaces/${namespace}/endpointslices?labelSelector=${selector}`;
    const reached = reachedBy(sliceList.parse(await get(path)));
    const { items } = podList.parse(await get(`/api/v1/namespaces/${namespace}/pods`));
    const replicas: Replica[] = [];
    for (const item of items) {
      // A server loads when it starts, not when a Service first reaches it.
      const version = await versionOf(item);
      if (version === null || !reached.has(item.metadata.name)) continue;
      const pod = item.metadata.name;
      replicas.push({ pod, deployment: pod.split('-').slice(0, -2).join('-'), version });
    }
    return replicas;
  };
  const seen = new Map<string, { readonly at: number; readonly replicas: readonly Replica[] }>();
  return {
    replicasOf: async (service) => {
      if (options.clusterVersion === undefined) return look(service);
      const key = `${service.namespace}/${service.name}`;
      // Taken before the look: what changes meanwhile is looked at again.
      const at = options.clusterVersion();
      const known = seen.get(key);
      if (known?.at === at) return known.replicas;
      const replicas = await look(service);
      seen.set(key, { at, replicas });
      return replicas;
    },
  };
}
