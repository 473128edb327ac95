import type { CallContext } from '../connector.ts';
import type { KubernetesClient } from './client.ts';
import { AUTOSCALERS } from './kind.ts';
import type { Deployment } from './reply-schema.ts';

/** Who else may write a Deployment. */
export interface Ownership {
  /** Names of autoscalers that write its number of replicas. */
  readonly autoscalers: readonly string[];
  /** Everybody found, as `Kind/name`. */
  readonly owners: readonly string[];
}

/** Labels and annotations by which delivery tools know what is theirs. */
const TRACES: readonly { readonly key: string; readonly owner: string }[] = [
  { key: 'argocd.argoproj.io/tracking-id', owner: 'ArgoCD' },
  { key: 'argocd.argoproj.io/instance', owner: 'ArgoCD' },
  { key: 'meta.helm.sh/release-name', owner: 'Helm' },
  { key: 'kustomize.toolkit.fluxcd.io/name', owner: 'Flux' },
  { key: 'helm.toolkit.fluxcd.io/name', owner: 'Flux' },
  { key: 'rollout.argoproj.io/workload-generation', owner: 'ArgoRollouts' },
  { key: 'serving.kserve.io/inferenceservice', owner: 'KServe' },
];

function tracesOf(deployment: Deployment): readonly string[] {
  const { labels, annotations } = deployment.metadata;
  const written: Readonly<Record<string, string>> = { ...labels, ...annotations };
  return TRACES.flatMap(({ key, owner }) => {
    const value = written[key];
    return value === undefined ? [] : [`${owner}/${value.split(':')[0] ?? value}`];
  });
}

/** Finds the autoscalers, delivery tools and owner references of a Deployment. Raises the codes of a list. */
export async function ownershipOf(
  client: KubernetesClient,
  deployment: Deployment,
  context: CallContext,
): Promise<Ownership> {
  const namespace = deployment.metadata.namespace ?? '';
  const listed = await client.list(AUTOSCALERS, { namespace }, context);
  const autoscalers = listed.items
    .filter(({ spec: { scaleTargetRef } }) => {
      return (
        scaleTargetRef.kind === 'Deployment' && scaleTargetRef.name === deployment.metadata.name
      );
    })
    .map((autoscaler) => autoscaler.metadata.name);
  const references = (deployment.metadata.ownerReferences ?? []).map(
    (owner) => `${owner.kind}/${owner.name}`,
  );
  const named = autoscalers.map((name) => `HorizontalPodAutoscaler/${name}`);
  return { autoscalers, owners: [...new Set([...named, ...references, ...tracesOf(deployment)])] };
}

/** A warning for a plan's summary; empty when nobody else manages the Deployment. */
export function ownersWarning(ownership: Ownership): string {
  if (ownership.owners.length === 0) return '';
  return ` Also managed by ${ownership.owners.join(', ')}, which may write it back.`;
}
