import { z } from 'zod';
import type { JsonObject } from '../../domain/json.ts';
import { jsonEquals } from '../../domain/plan.ts';
import type { CallContext } from '../connector.ts';
import type { KubernetesClient } from './client.ts';
import type { QuarantinePodInput } from './input-schema.ts';
import { NETWORK_POLICIES, PODS } from './kind.ts';
import {
  INCIDENT_LABEL,
  labelValue,
  MARK_PREFIX,
  OPERATION_LABEL,
  operationAnnotation,
  QUARANTINED_FROM_LABEL,
  QUARANTINED_LABEL,
  QUARANTINED_POD_LABEL,
} from './mark.ts';
import type { LabelSelector, NetworkPolicy, Pod } from './reply-schema.ts';

const identity = z.strictObject({ name: z.string(), uid: z.string() });
const labels = z.record(z.string(), z.string());

/** What we own of a quarantine: one pod's labels and one policy. */
export const quarantineState = z.strictObject({
  pod: identity,
  /** The ReplicaSet that made the pod; it decides whether the pod can come back. */
  replicaSet: identity,
  /** All labels of the pod; null: there is no such pod any more. */
  labels: labels.nullable(),
  /** Null: there is no such policy. */
  policy: z
    .strictObject({
      incident: z.string().nullable(),
      podLabels: labels,
      exactly: z.boolean(),
      types: z.array(z.string()),
      allows: z.int(),
    })
    .nullable(),
});
/** A parsed quarantine state. */
export type QuarantineState = z.infer<typeof quarantineState>;

const POLICY_NAME_MAX = 253;
const ORIGINAL_LABELS = `${MARK_PREFIX}original-labels`;
const OPERATION = operationAnnotation('quarantine-pod');

/** The name of the policy that cuts a pod off. */
export function policyNameOf(pod: string): string {
  return `firebreak-quarantine-${pod}`.slice(0, POLICY_NAME_MAX).replace(/[.-]+$/, '');
}

/** The only labels that a quarantined pod carries. */
export function quarantineLabels(
  pod: string,
  deployment: string,
  incidentId: string,
): Readonly<Record<string, string>> {
  return {
    [QUARANTINED_LABEL]: labelValue(incidentId),
    [QUARANTINED_FROM_LABEL]: labelValue(deployment),
    [QUARANTINED_POD_LABEL]: labelValue(pod),
  };
}

/** The policy as a plan writes it. */
export function wantedPolicy(
  pod: string,
  incidentId: string,
): NonNullable<QuarantineState['policy']> {
  return {
    incident: labelValue(incidentId),
    podLabels: { [QUARANTINED_POD_LABEL]: labelValue(pod) },
    exactly: true,
    types: ['Egress', 'Ingress'],
    allows: 0,
  };
}

/** True when the selector is made of equal labels and nothing else. */
function isExact(selector: LabelSelector | null | undefined): boolean {
  return (selector?.matchExpressions ?? []).length === 0;
}

/** What we compare of a policy. */
export function policyState(policy: NetworkPolicy | null): QuarantineState['policy'] {
  if (policy === null) return null;
  const { podSelector, policyTypes, ingress, egress } = policy.spec;
  return {
    incident: policy.metadata.labels?.[INCIDENT_LABEL] ?? null,
    podLabels: podSelector?.matchLabels ?? {},
    exactly: isExact(podSelector),
    types: [...(policyTypes ?? [])].sort(),
    allows: (ingress ?? []).length + (egress ?? []).length,
  };
}

/** The policy object to create. */
export function policyBody(after: QuarantineState, context: CallContext): JsonObject {
  return {
    apiVersion: 'networking.k8s.io/v1',
    kind: 'NetworkPolicy',
    metadata: {
      name: policyNameOf(after.pod.name),
      labels: {
        [INCIDENT_LABEL]: labelValue(context.incidentId),
        [OPERATION_LABEL]: labelValue(context.idempotencyKey),
      },
      annotations: { [OPERATION]: context.idempotencyKey },
    },
    spec: {
      podSelector: { matchLabels: after.policy?.podLabels ?? {} },
      policyTypes: ['Ingress', 'Egress'],
    },
  };
}

/** What a quarantine looks like now. */
export interface Observed {
  readonly pod: Pod | null;
  readonly policy: NetworkPolicy | null;
  readonly state: QuarantineState;
}

/** Reads pod and policy; a pod of the same name with another uid counts as gone. */
export async function observeQuarantine(
  client: KubernetesClient,
  subject: { readonly namespace: string; readonly planned: QuarantineState },
  context: CallContext,
): Promise<Observed> {
  const { namespace, planned } = subject;
  const { name, uid } = planned.pod;
  const found = await client.find(PODS, { namespace, name }, context);
  const pod = found?.metadata.uid === uid ? found : null;
  const policyName = policyNameOf(name);
  const policy = await client.find(NETWORK_POLICIES, { namespace, name: policyName }, context);
  return {
    pod,
    policy,
    state: {
      pod: planned.pod,
      replicaSet: planned.replicaSet,
      labels: pod === null ? null : (pod.metadata.labels ?? {}),
      policy: policyState(policy),
    },
  };
}

/** True when the pod carries this action's mark. */
export function isMarked(pod: Pod): boolean {
  return pod.metadata.annotations?.[OPERATION] !== undefined;
}

/** True when the pod carries the mark of this operation. */
export function isMarkedBy(pod: Pod | null, context: CallContext): boolean {
  return pod?.metadata.annotations?.[OPERATION] === context.idempotencyKey;
}

/** True when the policy carries this incident's label: only then may we delete it. */
export function isOurPolicy(policy: NetworkPolicy, context: CallContext): boolean {
  return policy.metadata.labels?.[INCIDENT_LABEL] === labelValue(context.incidentId);
}

/** A merge patch body that makes the labels exactly these, on the version that was read. */
function relabelled(
  pod: Pod,
  to: Readonly<Record<string, string>>,
  annotations: Readonly<Record<string, string | null>>,
): JsonObject {
  const gone = Object.keys(pod.metadata.labels ?? {}).map((key) => [key, null] as const);
  const changed: JsonObject = { ...Object.fromEntries(gone), ...to };
  return {
    metadata: { resourceVersion: pod.metadata.resourceVersion, labels: changed, annotations },
  };
}

/** The patch that sets a pod aside: our labels alone, the original ones kept in an annotation. */
export function asideBody(
  pod: Pod,
  plan: { readonly before: QuarantineState; readonly after: QuarantineState },
  about: { readonly input: QuarantinePodInput; readonly context: CallContext },
): JsonObject {
  return relabelled(pod, plan.after.labels ?? {}, {
    [ORIGINAL_LABELS]: JSON.stringify(plan.before.labels ?? {}),
    [OPERATION]: about.context.idempotencyKey,
    [`${MARK_PREFIX}reason`]: about.input.reason,
    [`${MARK_PREFIX}owner`]: about.input.owner,
    [`${MARK_PREFIX}lease-until`]: about.input.leaseUntil,
  });
}

/** The patch that gives a pod its labels back and takes our annotations away. */
export function backBody(pod: Pod, before: QuarantineState): JsonObject {
  return relabelled(pod, before.labels ?? {}, {
    [ORIGINAL_LABELS]: null,
    [OPERATION]: null,
    [`${MARK_PREFIX}reason`]: null,
    [`${MARK_PREFIX}owner`]: null,
    [`${MARK_PREFIX}lease-until`]: null,
  });
}

/** True when each part is as before or as after: a half-done change of our own is no foreign one. */
export function isBetween(
  plan: { readonly before: QuarantineState; readonly after: QuarantineState },
  state: QuarantineState,
): boolean {
  return (['labels', 'policy'] as const).every(
    (part) =>
      jsonEquals(state[part], plan.before[part]) || jsonEquals(state[part], plan.after[part]),
  );
}
