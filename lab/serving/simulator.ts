import { z } from 'zod';
import { createFaultPlan } from '../fault.ts';
import { startTwin, type Twin } from '../twin.ts';

/** What the simulator serves, and where it looks. */
export interface ServingSimulatorOptions {
  /** Base address of an API server, twin or real. */
  readonly kubernetesUrl: string;
  readonly token?: string;
  readonly services: readonly {
    readonly namespace: string;
    readonly name: string;
    /** Name of the model in metrics. */
    readonly model: string;
  }[];
  /** What the monitor would say of this version's answers. */
  readonly anomalyScore: (model: string, version: string) => number;
  /** The version that an alias names when a pod starts; for `models:/name@alias`. */
  readonly resolveAlias?: (model: string, alias: string) => Promise<string | null>;
  /** Requests a second over all endpoints of a Service. */
  readonly requestsPerSecond?: number;
  readonly port?: number;
}

/** Model servers that exist as far as Kubernetes says so: `GET /metrics` tells what they load and answer. */
export type ServingSimulator = Twin;

const REQUESTS_PER_SECOND = 40;
const WITHIN_MS = 5_000;
const MODEL_URI = /^models:\/([^/@]+)(?:\/(\w+)|@([\w-]+))$/;

const pod = z.object({
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
const pods = z.object({ items: z.array(pod) });
const slices = z.object({
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

/** One pod that a Service reaches. */
interface Replica {
  readonly pod: string;
  readonly uid: string;
  readonly deployment: string;
  readonly version: string;
}

/**
 * Starts the simulator: it looks at EndpointSlices and pods at each scrape, so a pod that no Service reaches, or
 * that a deny policy cuts off, is neither scraped nor served, as in a real cluster.
 */
// eslint-disable-next-line max-lines-per-function -- a composition: one thing after the other, nothing branches.
export async function createServingSimulator(
  options: ServingSimulatorOptions,
): Promise<ServingSimulator> {
  const get = async (path: string): Promise<unknown> => {
    const response = await fetch(`${options.kubernetesUrl}${path}`, {
      headers: options.token === undefined ? {} : { authorization: `Bearer ${options.token}` },
      signal: AbortSignal.timeout(WITHIN_MS),
    });
    return response.json();
  };
  const versions = new Map<string, string>();
  const requests = new Map<string, number>();
  let last = Date.now();

  const replicasOf = async (
    service: ServingSimulatorOptions['services'][number],
  ): Promise<Replica[]> => {
    const { namespace, name } = service;
    const selector = encodeURIComponent(`kubernetes.io/service-name=${name}`);
    const path = `/apis/discovery.k8s.io/v1/namespaces/${namespace}/endpointslices?labelSelector=${selector}`;
    const reached = slices
      .parse(await get(path))
      .items.flatMap(({ endpoints }) =>
        endpoints
          .filter(({ conditions }) => conditions?.ready !== false)
          .map(({ targetRef }) => targetRef?.name),
      );
    const all = pods.parse(await get(`/api/v1/namespaces/${namespace}/pods`)).items;
    const replicas: Replica[] = [];
    for (const item of all) {
      if (!reached.includes(item.metadata.name)) continue;
      const version = await versionOf(item, options, versions);
      if (version === null) continue;
      const { name: podName, uid } = item.metadata;
      replicas.push({
        pod: podName,
        uid,
        deployment: podName.split('-').slice(0, -2).join('-'),
        version,
      });
    }
    return replicas;
  };

  const scrape = async (): Promise<string> => {
    const seconds = (Date.now() - last) / 1000;
    last = Date.now();
    const lines = [
      '# TYPE model_requests_total counter',
      '# TYPE model_loaded_info gauge',
      '# TYPE model_anomaly_score gauge',
    ];
    for (const service of options.services) {
      const replicas = await replicasOf(service);
      const share =
        ((options.requestsPerSecond ?? REQUESTS_PER_SECOND) * seconds) /
        Math.max(replicas.length, 1);
      for (const replica of replicas) {
        lines.push(`model_loaded_info${labelsOf(service.model, replica)} 1`);
        const key = `{model="${service.model}",version="${replica.version}"}`;
        requests.set(key, (requests.get(key) ?? 0) + share);
      }
      for (const version of new Set(replicas.map((replica) => replica.version))) {
        const score = options.anomalyScore(service.model, version).toString();
        lines.push(`model_anomaly_score{model="${service.model}",version="${version}"} ${score}`);
      }
    }
    // Counted where requests come in, so a version that serves no more stands still instead of vanishing.
    for (const [key, count] of requests)
      lines.push(`model_requests_total${key} ${count.toFixed(3)}`);
    return `${lines.join('\n')}\n`;
  };

  return startTwin({
    name: 'serving',
    faults: createFaultPlan(),
    ...(options.port === undefined ? {} : { port: options.port }),
    handler: async (request) =>
      request.url.pathname === '/metrics'
        ? {
            status: 200,
            headers: { 'content-type': 'text/plain; version=0.0.4' },
            body: await scrape(),
          }
        : { status: 404, body: 'not found' },
  });
}

function labelsOf(model: string, replica: Replica): string {
  const { version, deployment, pod: name } = replica;
  return `{model="${model}",version="${version}",deployment="${deployment}",pod="${name}"}`;
}

/** The version that a pod loaded: pinned in its address, or what its alias named when it started. */
async function versionOf(
  item: z.output<typeof pod>,
  options: ServingSimulatorOptions,
  versions: Map<string, string>,
): Promise<string | null> {
  const known = versions.get(item.metadata.uid);
  if (known !== undefined) return known;
  const values = item.spec.containers.flatMap(({ env }) => env.map(({ value }) => value ?? ''));
  const match = values.map((value) => MODEL_URI.exec(value)).find((found) => found !== null);
  const label = item.metadata.labels['version'];
  const [, model = '', pinned, alias] = match ?? [];
  const loaded =
    label ??
    pinned ??
    (alias === undefined ? null : ((await options.resolveAlias?.(model, alias)) ?? null));
  if (loaded !== null) versions.set(item.metadata.uid, loaded);
  return loaded;
}
