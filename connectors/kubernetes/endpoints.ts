import { defineProbe, type AnyProbe } from '../connector.ts';
import type { KubernetesClient } from './client.ts';
import { endpointsOf } from './endpoint.ts';
import { SERVICES } from './kind.ts';
import { endpointsManifest } from './manifest.ts';
import { backendView } from './pod-view.ts';
import { findOrRefuse } from './setting.ts';

/** Probe `endpoints`: the addresses in the Service's EndpointSlices. Raises `not_found` for an unknown Service. */
export function createEndpointsProbe(client: KubernetesClient): AnyProbe {
  return defineProbe({
    manifest: endpointsManifest,
    read: async ({ namespace, service: name }, context) => {
      const address = { namespace, name };
      await findOrRefuse(client, { kind: SERVICES, noun: 'Service', address }, context);
      const { endpoints, truncated } = await endpointsOf(client, address, context);
      const addresses = endpoints.map((endpoint) => ({
        ip: endpoint.address,
        ready: endpoint.ready,
        ...backendView(endpoint.pod),
      }));
      return { value: { addresses }, truncated };
    },
  });
}
