import { z } from 'zod';
import type { Plan, Verdict } from '../../domain/plan.ts';
import { defineAction, type AnyAction, type CallContext } from '../connector.ts';
import { patchByHand } from './by-hand.ts';
import type { KubernetesClient } from './client.ts';
import { endpointsOf } from './endpoint.ts';
import type { RouteServiceInput } from './input-schema.ts';
import { PODS, SERVICES } from './kind.ts';
import { routeServiceManifest } from './manifest.ts';
import type { Pod, Service } from './reply-schema.ts';
import { createSetting, findOrRefuse, patchMetadata } from './setting.ts';
import { deploymentNameOf, isReady, selectorText } from './workload.ts';

/** Stands for pods that were too many to list. */
const UNCOUNTED_REPLICAS = 1_000_000;

const state = z.strictObject({
  uid: z.string(),
  /** The keys that the input names; null: the Service does not select by it. */
  selector: z.record(z.string(), z.string().nullable()),
});
type RouteState = z.infer<typeof state>;

function stateOf(service: Service, input: RouteServiceInput): RouteState {
  const keys = Object.keys(input.selector);
  const selector = service.spec.selector ?? {};
  return {
    uid: service.metadata.uid,
    selector: Object.fromEntries(keys.map((key) => [key, selector[key] ?? null])),
  };
}

/** Ready pods that a selector picks; null when a limit cut the list. */
async function readyPods(
  client: KubernetesClient,
  selected: { readonly namespace: string; readonly selector: Readonly<Record<string, string>> },
  context: CallContext,
): Promise<readonly Pod[] | null> {
  const labels = selectorText({ matchLabels: selected.selector });
  const pods = await client.list(PODS, { namespace: selected.namespace, labels }, context);
  return pods.truncated ? null : pods.items.filter(isReady);
}

/**
 * The ready pods that lose their traffic, by the Deployment that made them. What cannot be counted counts as more than
 * any cap allows.
 */
function takenBy(
  service: { readonly namespace: string; readonly name: string },
  now: readonly Pod[] | null,
  then: readonly Pod[] | null,
): Pick<Plan<RouteState>, 'takes'> {
  const { namespace, name } = service;
  if (now === null || then === null) {
    const object = `Service/${namespace}/${name}`;
    return { takes: [{ object, replicas: UNCOUNTED_REPLICAS, stays: true }] };
  }
  const kept = new Set(then.map(({ metadata }) => metadata.uid));
  const lost = new Map<string, number>();
  for (const pod of now.filter(({ metadata }) => !kept.has(metadata.uid))) {
    const owner = deploymentNameOf(pod);
    const object =
      owner === null ? `Service/${namespace}/${name}` : `Deployment/${namespace}/${owner}`;
    lost.set(object, (lost.get(object) ?? 0) + 1);
  }
  if (lost.size === 0) return {};
  return { takes: [...lost].map(([object, replicas]) => ({ object, replicas, stays: true })) };
}

/** Every address must belong to a pod with the selector's labels: the slices say who really gets traffic. */
async function settled(
  client: KubernetesClient,
  service: Service,
  context: CallContext,
): Promise<Verdict> {
  const namespace = service.metadata.namespace ?? '';
  const name = service.metadata.name;
  const { endpoints, truncated } = await endpointsOf(client, { namespace, name }, context);
  if (truncated) return { holds: 'unknown', reason: 'There are too many addresses to look at.' };
  const selector = Object.entries(service.spec.selector ?? {});
  for (const { address, pod } of endpoints) {
    if (pod === null) {
      return { holds: 'unknown', reason: `Address ${address} belongs to no pod that can be read.` };
    }
    const labels = pod.metadata.labels ?? {};
    if (selector.some(([key, value]) => labels[key] !== value)) {
      const reason = `Address ${address} of pod ${pod.metadata.name} is outside the selector.`;
      return { holds: 'unknown', reason };
    }
  }
  return { holds: 'yes' };
}

function words(selector: RouteState['selector']): string {
  return Object.entries(selector)
    .map(([key, value]) => (value === null ? `${key} unset` : `${key}=${value}`))
    .join(', ');
}

function counted(pods: readonly Pod[] | null): string {
  return pods === null ? 'many' : pods.length.toString();
}

/** The selector with the keys of the input. */
function narrowed(service: Service, input: RouteServiceInput): Readonly<Record<string, string>> {
  return { ...service.spec.selector, ...input.selector };
}

/** Action `route-service`. Its plan raises `not_found`. */
export function createRouteService(client: KubernetesClient): AnyAction {
  const stages = createSetting<RouteServiceInput, RouteState, Service>(client, {
    action: 'route-service',
    noun: 'Service',
    kind: SERVICES,
    fields: [['spec', 'selector']],
    address: (input) => input,
    stateOf,
    patch: ({ thing, to, marks }) => ({
      type: 'merge',
      body: { metadata: patchMetadata(thing, marks), spec: { selector: to.selector } },
    }),
    settled: (service, _input, context) => settled(client, service, context),
  });
  return defineAction({
    manifest: routeServiceManifest,
    before: state,
    reversible: true,
    plan: async (input, context) => {
      const { namespace, name } = input;
      const subject = { kind: SERVICES, noun: 'Service', address: input };
      const service = await findOrRefuse(client, subject, context);
      const before = stateOf(service, input);
      const old = service.spec.selector ?? {};
      const now = await readyPods(client, { namespace, selector: old }, context);
      const selector = narrowed(service, input);
      const then = await readyPods(client, { namespace, selector }, context);
      return {
        summary:
          `Route Service ${namespace}/${name} by ${words(input.selector)} instead of ${words(before.selector)}: ` +
          `${counted(then)} ready pods instead of ${counted(now)}.`,
        targets: [routeServiceManifest.target(input)],
        before,
        after: { ...before, selector: input.selector },
        token: service.metadata.resourceVersion,
        undo: `Set ${words(before.selector)} again.`,
        ...takenBy(input, now, then),
      };
    },
    byHand: (input, { after }) =>
      patchByHand(SERVICES, input, { body: { spec: { selector: after.selector } } }),
    ...stages,
  });
}
