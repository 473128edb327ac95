import type { Json } from '../../domain/json.ts';
import { defineProbe, type AnyProbe, type CallContext } from '../connector.ts';
import { LIST_MAX, type Kind, type KubernetesClient, type Listed } from './client.ts';
import { DEPLOYMENTS } from './kind.ts';
import { deploymentsManifest } from './manifest.ts';
import { envOf } from './pod-view.ts';
import type { Deployment } from './reply-schema.ts';
import { annotationsOf } from './workload.ts';

function viewOf(deployment: Deployment): Json {
  return {
    namespace: deployment.metadata.namespace ?? '',
    name: deployment.metadata.name,
    createdAt: deployment.metadata.creationTimestamp ?? null,
    // The API server defaults an unset number to one.
    replicas: deployment.spec.replicas ?? 1,
    annotations: annotationsOf(deployment),
    containers: deployment.spec.template.spec.containers.map((container) => ({
      name: container.name,
      image: container.image ?? '',
      env: envOf([container]),
    })),
  };
}

/** The lists of several namespaces as one, under one limit. */
export async function listAll<T>(
  client: KubernetesClient,
  asked: { readonly kind: Kind<T>; readonly namespaces: readonly (string | null)[] },
  context: CallContext,
): Promise<Listed<T>> {
  const found: T[] = [];
  for (const namespace of new Set(asked.namespaces)) {
    const { items, truncated } = await client.list(asked.kind, { namespace }, context);
    found.push(...items);
    if (truncated || found.length > LIST_MAX) {
      return { items: found.slice(0, LIST_MAX), truncated: true };
    }
  }
  return { items: found, truncated: false };
}

/**
 * Probe `deployments`: those of a namespace; with null those of the configured namespaces, or of the whole cluster
 * when none is configured. `env` has the literal values only, redacted as everywhere.
 */
export function createDeploymentsProbe(
  client: KubernetesClient,
  configured: readonly string[] | undefined,
): AnyProbe {
  return defineProbe({
    manifest: deploymentsManifest,
    read: async ({ namespace }, context) => {
      const namespaces = namespace === null ? (configured ?? [null]) : [namespace];
      const asked = { kind: DEPLOYMENTS, namespaces };
      const { items, truncated } = await listAll(client, asked, context);
      return { value: { deployments: items.map(viewOf) }, truncated };
    },
  });
}
