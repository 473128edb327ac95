import { AppError } from '../../domain/error.ts';
import type { Plan } from '../../domain/plan.ts';
import type { CallContext } from '../connector.ts';
import type { KubernetesClient } from './client.ts';
import type { QuarantinePodInput } from './input-schema.ts';
import { NETWORK_POLICIES } from './kind.ts';
import { picks } from './label-match.ts';
import { quarantinePodManifest } from './manifest.ts';
import { quarantineLabels, wantedPolicy, type QuarantineState } from './quarantine-state.ts';
import type { Pod, ReplicaSet } from './reply-schema.ts';
import { controllerUid, isReady, podsOf, requireDeployment } from './workload.ts';

/** Policies that a summary names. */
const POLICIES_NAMED_MAX = 5;

function newestFirst(a: Pod, b: Pod): number {
  const born = (pod: Pod): string => pod.metadata.creationTimestamp ?? '';
  const byBirth = born(b).localeCompare(born(a));
  return byBirth === 0 ? a.metadata.name.localeCompare(b.metadata.name) : byBirth;
}

/** The newest ready pod, with the ReplicaSet that made it. Raises `not_found` when there is none. */
async function pickSuspect(
  client: KubernetesClient,
  input: QuarantinePodInput,
  context: CallContext,
): Promise<{ readonly pod: Pod; readonly set: ReplicaSet; readonly ready: number }> {
  const { namespace, deployment: name } = input;
  const deployment = await requireDeployment(client, { namespace, name }, context);
  const pods = await podsOf(client, deployment, context);
  const ready = pods.owned.filter(isReady).sort(newestFirst);
  const [pod] = ready;
  const set = pods.replicaSets.find((one) => pod && one.metadata.uid === controllerUid(pod));
  if (pod === undefined || set === undefined) {
    throw new AppError('not_found', `Deployment ${namespace}/${name} has no ready pod.`);
  }
  return { pod, set, ready: ready.length };
}

/** Policies that allow something and would still select the pod: a deny policy cannot override them. */
async function inescapable(
  client: KubernetesClient,
  subject: { readonly namespace: string; readonly labels: Readonly<Record<string, string>> },
  context: CallContext,
): Promise<readonly string[]> {
  const { namespace, labels } = subject;
  const listed = await client.list(NETWORK_POLICIES, { namespace }, context);
  return listed.items
    .filter(({ spec }) => (spec.ingress ?? []).length + (spec.egress ?? []).length > 0)
    .filter(({ spec }) => picks(spec.podSelector ?? {}, labels))
    .map((policy) => policy.metadata.name);
}

function warning(policies: readonly string[]): string {
  if (policies.length === 0) return '';
  const named = policies.slice(0, POLICIES_NAMED_MAX).join(', ');
  return ` NetworkPolicy ${named} selects every pod and goes on allowing its traffic.`;
}

/** The plan of a quarantine: it names the pod. Raises `not_found` when no ready pod can be picked. */
export async function planQuarantine(
  client: KubernetesClient,
  input: QuarantinePodInput,
  context: CallContext,
): Promise<Plan<QuarantineState>> {
  const { namespace, deployment } = input;
  const { pod, set, ready } = await pickSuspect(client, input, context);
  const { name, uid } = pod.metadata;
  const labels = quarantineLabels(name, deployment, context.incidentId);
  const policies = await inescapable(client, { namespace, labels }, context);
  const before: QuarantineState = {
    pod: { name, uid },
    replicaSet: { name: set.metadata.name, uid: set.metadata.uid },
    labels: pod.metadata.labels ?? {},
    policy: null,
  };
  return {
    summary:
      `Quarantine pod ${namespace}/${name}, the newest of ${ready.toString()} ready pods of ${deployment}: ` +
      `off every Service and its ReplicaSet, traffic denied, kept.${warning(policies)}`,
    targets: [quarantinePodManifest.target(input), `Pod/${namespace}/${name}`],
    before,
    after: { ...before, labels, policy: wantedPolicy(name, context.incidentId) },
    token: pod.metadata.resourceVersion,
    takes: [{ object: quarantinePodManifest.target(input), replicas: 1, stays: true }],
    undo: 'Give the pod its labels back, or delete it when its ReplicaSet wants no pods; delete the policy.',
  };
}
