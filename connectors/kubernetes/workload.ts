import type { CallContext } from '../connector.ts';
import type { Address, KubernetesClient, Listed } from './client.ts';
import { DEPLOYMENTS, PODS, REPLICA_SETS } from './kind.ts';
import { labelValue, QUARANTINED_FROM_LABEL } from './mark.ts';
import type { Deployment, LabelSelector, Pod, ReplicaSet } from './reply-schema.ts';
import { findOrRefuse } from './setting.ts';

const REVISION = 'deployment.kubernetes.io/revision';
const LAST_APPLIED = 'kubectl.kubernetes.io/last-applied-configuration';
/** Label that a Deployment's controller puts on ReplicaSets and pods. */
export const TEMPLATE_HASH_LABEL = 'pod-template-hash';

/** A LabelSelector as the query parameter `labelSelector`. */
export function selectorText(selector: LabelSelector): string {
  const equal = Object.entries(selector.matchLabels ?? {}).map(([key, value]) => `${key}=${value}`);
  const sets = (selector.matchExpressions ?? []).map(({ key, operator, values }) => {
    const list = (values ?? []).join(',');
    switch (operator) {
      case 'In':
        return `${key} in (${list})`;
      case 'NotIn':
        return `${key} notin (${list})`;
      case 'Exists':
        return key;
      default:
        return `!${key}`;
    }
  });
  return [...equal, ...sets].join(',');
}

/** Annotations without the copy of the whole object that kubectl keeps there. */
export function annotationsOf(deployment: Deployment): Readonly<Record<string, string>> {
  const entries = Object.entries(deployment.metadata.annotations ?? {});
  return Object.fromEntries(entries.filter(([key]) => key !== LAST_APPLIED));
}

/** The uid of the controller that owns an object, or null. */
export function controllerUid(thing: Pick<Pod, 'metadata'>): string | null {
  const owners = thing.metadata.ownerReferences ?? [];
  return owners.find((owner) => owner.controller === true)?.uid ?? null;
}

/** The number of a ReplicaSet's revision; 0 when it has none. */
export function revisionOf(set: ReplicaSet): number {
  return Number(set.metadata.annotations?.[REVISION]) || 0;
}

/** The Deployment. Raises `not_found`. */
export function requireDeployment(
  client: KubernetesClient,
  address: Address,
  context: CallContext,
): Promise<Deployment> {
  return findOrRefuse(client, { kind: DEPLOYMENTS, noun: 'Deployment', address }, context);
}

/** ReplicaSets that the Deployment controls, newest revision first. */
export async function replicaSetsOf(
  client: KubernetesClient,
  deployment: Deployment,
  context: CallContext,
): Promise<Listed<ReplicaSet>> {
  const namespace = deployment.metadata.namespace ?? '';
  const labels = selectorText(deployment.spec.selector);
  const listed = await client.list(REPLICA_SETS, { namespace, labels }, context);
  const items = listed.items
    .filter((set) => controllerUid(set) === deployment.metadata.uid)
    .sort((a, b) => revisionOf(b) - revisionOf(a));
  return { items, truncated: listed.truncated };
}

/** Pods of a Deployment. */
export interface DeploymentPods {
  /** Owned through one of its ReplicaSets. */
  readonly owned: readonly Pod[];
  /** Set aside from it by us. */
  readonly quarantined: readonly Pod[];
  readonly replicaSets: readonly ReplicaSet[];
  readonly truncated: boolean;
}

/** Pods that the Deployment owns through a ReplicaSet, and those quarantined from it. */
export async function podsOf(
  client: KubernetesClient,
  deployment: Deployment,
  context: CallContext,
): Promise<DeploymentPods> {
  const namespace = deployment.metadata.namespace ?? '';
  const sets = await replicaSetsOf(client, deployment, context);
  const uids = new Set(sets.items.map((set) => set.metadata.uid));
  const labels = selectorText(deployment.spec.selector);
  const selected = await client.list(PODS, { namespace, labels }, context);
  const aside = await client.list(
    PODS,
    { namespace, labels: `${QUARANTINED_FROM_LABEL}=${labelValue(deployment.metadata.name)}` },
    context,
  );
  return {
    owned: selected.items.filter((pod) => uids.has(controllerUid(pod) ?? '')),
    quarantined: aside.items,
    replicaSets: sets.items,
    truncated: sets.truncated || selected.truncated || aside.truncated,
  };
}

/** True when condition Ready is True and the pod is not on its way out. */
export function isReady(pod: Pod): boolean {
  return !isDeleting(pod) && readyCondition(pod)?.status === 'True';
}

/** True while the pod is on its way out. */
export function isDeleting(pod: Pod): boolean {
  return (pod.metadata.deletionTimestamp ?? null) !== null;
}

/** True when the pod neither ended nor is on its way out. */
export function isActive(pod: Pod): boolean {
  const phase = pod.status?.phase ?? '';
  return !isDeleting(pod) && phase !== 'Succeeded' && phase !== 'Failed';
}

function readyCondition(pod: Pod): { readonly status: string } | undefined {
  return pod.status?.conditions?.find((condition) => condition.type === 'Ready');
}

/** The Deployment of a pod by the name of its ReplicaSet, without asking; null when none made it. */
export function deploymentNameOf(pod: Pod): string | null {
  const owner = pod.metadata.ownerReferences?.find((one) => one.controller === true);
  const hash = pod.metadata.labels?.[TEMPLATE_HASH_LABEL];
  if (owner?.kind !== 'ReplicaSet' || hash === undefined) return null;
  return owner.name.endsWith(`-${hash}`) ? owner.name.slice(0, -hash.length - 1) : null;
}
