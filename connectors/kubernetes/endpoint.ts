import type { CallContext } from '../connector.ts';
import type { Address, KubernetesClient } from './client.ts';
import { ENDPOINT_SLICES, PODS, SERVICES } from './kind.ts';
import type { EndpointSlice, Pod } from './reply-schema.ts';
import { selectorText } from './workload.ts';

/** Pods that are asked for one by one because the selector no longer finds them. */
const STRAY_PODS_MAX = 50;

/** One address that gets a Service's traffic. */
export interface Endpoint {
  readonly address: string;
  readonly ready: boolean;
  /** Null: it names no pod, or none that exists. */
  readonly pod: Pod | null;
}

type SliceEndpoint = NonNullable<EndpointSlice['endpoints']>[number];

function podNameOf(endpoint: SliceEndpoint): string | null {
  const reference = endpoint.targetRef;
  return reference?.kind === 'Pod' ? (reference.name ?? null) : null;
}

/** The pods that slices name: those of the Service's selector in one list, strays one by one. */
async function podsNamed(
  client: KubernetesClient,
  wanted: { readonly service: Address; readonly names: ReadonlySet<string> },
  context: CallContext,
): Promise<{ readonly pods: ReadonlyMap<string, Pod>; readonly truncated: boolean }> {
  const { namespace } = wanted.service;
  const service = await client.find(SERVICES, wanted.service, context);
  const labels = selectorText({ matchLabels: service?.spec.selector ?? {} });
  const listed =
    labels === ''
      ? { items: [], truncated: false }
      : await client.list(PODS, { namespace, labels }, context);
  const pods = new Map(listed.items.map((pod) => [pod.metadata.name, pod]));
  const strays = [...wanted.names].filter((name) => !pods.has(name));
  for (const name of strays.slice(0, STRAY_PODS_MAX)) {
    const pod = await client.find(PODS, { namespace, name }, context);
    if (pod !== null) pods.set(name, pod);
  }
  return { pods, truncated: listed.truncated || strays.length > STRAY_PODS_MAX };
}

/** Who gets a Service's traffic, by its EndpointSlices. */
export async function endpointsOf(
  client: KubernetesClient,
  service: Address,
  context: CallContext,
): Promise<{ readonly endpoints: readonly Endpoint[]; readonly truncated: boolean }> {
  const labels = `kubernetes.io/service-name=${service.name}`;
  const slices = await client.list(
    ENDPOINT_SLICES,
    { namespace: service.namespace, labels },
    context,
  );
  const found = slices.items.flatMap((slice) => slice.endpoints ?? []);
  const names = new Set(found.map(podNameOf).filter((name) => name !== null));
  const { pods, truncated } = await podsNamed(client, { service, names }, context);
  const endpoints = found.flatMap((endpoint) =>
    endpoint.addresses.map((address) => ({
      address,
      // Absent means ready, says the API.
      ready: endpoint.conditions?.ready ?? true,
      pod: pods.get(podNameOf(endpoint) ?? '') ?? null,
    })),
  );
  return { endpoints, truncated: slices.truncated || truncated };
}
