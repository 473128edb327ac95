import { jsonEquals, threeWayDifference, type Verdict } from '../../domain/plan.ts';
import type { CallContext } from '../connector.ts';
import type { KubernetesClient } from './client.ts';
import { ENDPOINT_SLICES } from './kind.ts';
import { observeQuarantine, type QuarantineState } from './quarantine-state.ts';
import type { EndpointSlice, Pod } from './reply-schema.ts';
import { controllerUid } from './workload.ts';

/** True when a slice still sends traffic to the pod, by name or by address. */
function holds(slice: EndpointSlice, pod: Pod): boolean {
  const address = pod.status?.podIP ?? '';
  return (slice.endpoints ?? []).some(
    (endpoint) =>
      (endpoint.targetRef?.kind === 'Pod' && endpoint.targetRef.name === pod.metadata.name) ||
      endpoint.addresses.includes(address),
  );
}

/**
 * Whether a pod is set aside: labels and policy as planned, no controller, in no EndpointSlice. Gone is no: it was
 * to be kept. Raises the codes of a read.
 */
export async function verifyQuarantine(
  client: KubernetesClient,
  subject: { readonly namespace: string; readonly planned: QuarantineState },
  context: CallContext,
): Promise<Verdict> {
  const { namespace, planned } = subject;
  const { pod, state } = await observeQuarantine(client, subject, context);
  if (pod === null) return { holds: 'no', reason: `Pod ${planned.pod.name} is gone.` };
  if (!jsonEquals(state, planned)) {
    const [first] = threeWayDifference({ before: planned, after: planned }, state);
    const observed = JSON.stringify(first?.observed ?? null);
    return { holds: 'no', reason: `${first?.path ?? 'The state'} is ${observed}.` };
  }
  if (controllerUid(pod) !== null) {
    return { holds: 'unknown', reason: 'The ReplicaSet has not let go of the pod yet.' };
  }
  const slices = await client.list(ENDPOINT_SLICES, { namespace }, context);
  const serving = slices.items.find((slice) => holds(slice, pod));
  if (serving !== undefined) {
    const reason = `EndpointSlice ${serving.metadata.name} still has the pod.`;
    return { holds: 'unknown', reason };
  }
  if (slices.truncated) {
    return { holds: 'unknown', reason: 'There are too many EndpointSlices to look at.' };
  }
  return { holds: 'yes' };
}
