import type { HandRequest } from '../../domain/hand-plan.ts';
import type { JsonObject } from '../../domain/json.ts';
import { handRequest } from '../hand-request.ts';
import type { Kind } from './client.ts';
import type { QuarantinePodInput } from './input-schema.ts';
import { NETWORK_POLICIES, PODS } from './kind.ts';
import { INCIDENT_LABEL } from './mark.ts';
import { policyNameOf, type QuarantineState } from './quarantine-state.ts';

const TYPES = {
  merge: 'application/merge-patch+json',
  strategic: 'application/strategic-merge-patch+json',
} as const;

function pathOf(kind: Kind<unknown>, namespace: string, name?: string): readonly string[] {
  const root = kind.group === '' ? ['api', 'v1'] : ['apis', ...kind.group.split('/')];
  return [...root, 'namespaces', namespace, kind.plural, ...(name === undefined ? [] : [name])];
}

/** A patch of one object, as kubectl would send it. */
export function patchByHand(
  kind: Kind<unknown>,
  address: { readonly namespace: string; readonly name: string },
  patch: { readonly type?: keyof typeof TYPES; readonly body: JsonObject },
): readonly HandRequest[] {
  const path = pathOf(kind, address.namespace, address.name);
  return [handRequest('PATCH', path, { body: patch.body, type: TYPES[patch.type ?? 'merge'] })];
}

/** The deny policy as people make it: the same pods, nothing allowed. */
function policyBody({ pod, policy }: QuarantineState): JsonObject {
  return {
    apiVersion: 'networking.k8s.io/v1',
    kind: 'NetworkPolicy',
    metadata: {
      name: policyNameOf(pod.name),
      labels: { [INCIDENT_LABEL]: policy?.incident ?? '' },
    },
    spec: {
      podSelector: { matchLabels: policy?.podLabels ?? {} },
      policyTypes: ['Ingress', 'Egress'],
    },
  };
}

/** The labels exactly as they shall be: those that were there before are taken away. */
function relabelled(from: QuarantineState, to: QuarantineState): JsonObject {
  const gone = Object.keys(from.labels ?? {}).map((key) => [key, null] as const);
  return { metadata: { labels: { ...Object.fromEntries(gone), ...to.labels } } };
}

/** Quarantine of a pod: the policy first, as the engine does it; the way back in the opposite order. */
export function quarantineByHand(
  { namespace }: QuarantinePodInput,
  { before, after }: { readonly before: QuarantineState; readonly after: QuarantineState },
): readonly HandRequest[] {
  const { name } = after.pod;
  const labels = patchByHand(PODS, { namespace, name }, { body: relabelled(before, after) });
  const policies = pathOf(NETWORK_POLICIES, namespace);
  if (after.policy === null) {
    const policy = pathOf(NETWORK_POLICIES, namespace, policyNameOf(name));
    return [...labels, handRequest('DELETE', policy, { body: null })];
  }
  const policy = handRequest('POST', policies, { body: policyBody(after) });
  return before.policy === null ? [policy, ...labels] : labels;
}
