import type { Json, JsonObject } from '../../../domain/json.ts';
import {
  isDeleting,
  labelsOf,
  listAt,
  mapAt,
  nameOf,
  namespaceOf,
  recordAt,
  textAt,
  uidOf,
} from '../object.ts';
import { matchesMap } from '../selector.ts';
import { KINDS, ownerReference, safeSuffix, type Cluster } from './cluster.ts';
import { isReady } from './pod.ts';

/** Endpoints in one slice, as the real controller's default. */
const ENDPOINTS_MAX = 100;
const SERVICE_LABEL = 'kubernetes.io/service-name';
const MANAGED_LABEL = 'endpointslice.kubernetes.io/managed-by';
const CONTROLLER = 'endpointslice-controller.k8s.io';

function endpointOf(pod: JsonObject): JsonObject {
  const ready = isReady(pod);
  const terminating = isDeleting(pod);
  return {
    addresses: [textAt(pod, 'status', 'podIP')],
    conditions: { ready: ready && !terminating, serving: ready, terminating },
    nodeName: textAt(pod, 'spec', 'nodeName'),
    targetRef: {
      kind: 'Pod',
      namespace: namespaceOf(pod),
      name: nameOf(pod),
      uid: uidOf(pod),
    },
  };
}

function portsOf(service: JsonObject): Json {
  return listAt(service, 'spec', 'ports').map((port) => {
    const record = recordAt(port);
    return {
      name: record['name'] ?? '',
      port: record['targetPort'] ?? record['port'] ?? null,
      protocol: record['protocol'] ?? 'TCP',
    };
  });
}

function endpointsOf(cluster: Cluster, service: JsonObject): readonly JsonObject[] {
  const selector = mapAt(service, 'spec', 'selector');
  return cluster.store
    .list(KINDS.pods, namespaceOf(service))
    .filter((pod) => matchesMap(labelsOf(pod), selector))
    .filter((pod) => textAt(pod, 'status', 'podIP') !== '')
    .filter((pod) => !['Succeeded', 'Failed'].includes(textAt(pod, 'status', 'phase')))
    .map(endpointOf);
}

function slicesOf(cluster: Cluster, service: JsonObject): readonly JsonObject[] {
  const endpoints = endpointsOf(cluster, service);
  const count = Math.max(1, Math.ceil(endpoints.length / ENDPOINTS_MAX));
  return Array.from({ length: count }, (_, index) => {
    const part = endpoints.slice(index * ENDPOINTS_MAX, (index + 1) * ENDPOINTS_MAX);
    return {
      metadata: {
        name: `${nameOf(service)}-${safeSuffix(`${uidOf(service)}/${index.toString()}`, 5)}`,
        namespace: namespaceOf(service),
        labels: { [SERVICE_LABEL]: nameOf(service), [MANAGED_LABEL]: CONTROLLER },
        ownerReferences: [ownerReference(KINDS.services, service)],
      },
      addressType: 'IPv4',
      endpoints: part,
      ports: portsOf(service),
    };
  });
}

function reconcileService(cluster: Cluster, service: JsonObject): void {
  const { store } = cluster;
  const namespace = namespaceOf(service);
  const wanted = slicesOf(cluster, service);
  for (const slice of wanted) {
    const found = store.get(KINDS.endpointSlices, namespace, nameOf(slice));
    if (found === undefined) store.insert(KINDS.endpointSlices, slice);
    else {
      const metadata = { ...recordAt(found, 'metadata'), ...recordAt(slice, 'metadata') };
      store.replace(KINDS.endpointSlices, { ...found, ...slice, metadata });
    }
  }
  const names = new Set(wanted.map(nameOf));
  for (const slice of store.list(KINDS.endpointSlices, namespace)) {
    const labels = labelsOf(slice);
    const ours = labels[SERVICE_LABEL] === nameOf(service) && labels[MANAGED_LABEL] === CONTROLLER;
    if (ours && !names.has(nameOf(slice))) store.remove(KINDS.endpointSlices, slice);
  }
}

/** Writes who stands behind every Service that has a selector. */
export function reconcileEndpointSlices(cluster: Cluster): void {
  for (const service of cluster.store.list(KINDS.services)) {
    if (Object.keys(mapAt(service, 'spec', 'selector')).length > 0) {
      reconcileService(cluster, service);
    }
  }
}
