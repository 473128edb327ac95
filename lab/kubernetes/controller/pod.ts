import type { Json, JsonObject } from '../../../domain/json.ts';
import { isDeleting, listAt, nameOf, recordAt, textAt, uidOf, withAt } from '../object.ts';
import { timestamp, type ObjectStore } from '../object-store.ts';
import { KINDS, type Cluster } from './cluster.ts';

/** True when the pod counts: it neither ended nor is it on its way out. */
export function isActive(pod: JsonObject): boolean {
  const phase = textAt(pod, 'status', 'phase');
  return phase !== 'Succeeded' && phase !== 'Failed' && !isDeleting(pod);
}

function readyCondition(pod: JsonObject): Json | undefined {
  return listAt(pod, 'status', 'conditions').find((one) => textAt(one, 'type') === 'Ready');
}

/** True when condition Ready is True. */
export function isReady(pod: JsonObject): boolean {
  return textAt(readyCondition(pod), 'status') === 'True';
}

/** Since when it is ready; empty when it is not. */
export function readySince(pod: JsonObject): string {
  return isReady(pod) ? textAt(readyCondition(pod), 'lastTransitionTime') : '';
}

function addressOf(sequence: number): string {
  const low = (sequence % 254) + 1;
  const middle = Math.floor(sequence / 254) % 256;
  return `10.244.${middle.toString()}.${low.toString()}`;
}

interface StatusInput {
  readonly pod: JsonObject;
  readonly ready: boolean;
  readonly podIP: string;
  readonly startTime: string;
}

function containerStatus(container: Json, input: StatusInput & { cluster: Cluster }): JsonObject {
  const image = textAt(container, 'image');
  const state: JsonObject = input.ready
    ? { running: { startedAt: timestamp(input.cluster.now()) } }
    : { waiting: { reason: 'ContainerCreating' } };
  return {
    name: textAt(container, 'name'),
    image,
    imageID: input.ready
      ? `${image.split('@')[0] ?? image}@${input.cluster.imageDigest(image)}`
      : '',
    ready: input.ready,
    started: input.ready,
    restartCount: 0,
    state,
  };
}

function statusOf(cluster: Cluster, input: StatusInput): JsonObject {
  const time = timestamp(cluster.now());
  const condition = (type: string, holds: boolean): JsonObject => ({
    type,
    status: holds ? 'True' : 'False',
    lastProbeTime: null,
    lastTransitionTime: time,
  });
  return {
    phase: input.ready ? 'Running' : 'Pending',
    conditions: [
      condition('PodScheduled', true),
      condition('Initialized', true),
      condition('ContainersReady', input.ready),
      condition('Ready', input.ready),
    ],
    hostIP: '192.0.2.10',
    podIP: input.podIP,
    podIPs: [{ ip: input.podIP }],
    startTime: input.startTime,
    containerStatuses: listAt(input.pod, 'spec', 'containers').map((container) =>
      containerStatus(container, { ...input, cluster }),
    ),
    qosClass: 'BestEffort',
  };
}

/** Starts pods of a part of the cluster that have no status yet, and makes those ready whose time has come. */
export function createKubelet(cluster: Cluster): { run(part: Pick<ObjectStore, 'list'>): void } {
  const { store, now, readyDelayMs } = cluster;
  const startedMs = new Map<string, number>();
  const start = (pod: JsonObject): void => {
    startedMs.set(uidOf(pod), now().getTime());
    const podIP = addressOf(cluster.next());
    const input = { pod, podIP, ready: readyDelayMs === 0, startTime: timestamp(now()) };
    store.replace(KINDS.pods, {
      ...pod,
      spec: { nodeName: 'lab-node-1', ...recordAt(pod, 'spec') },
      status: statusOf(cluster, input),
    });
  };
  const finish = (pod: JsonObject): void => {
    const input = {
      pod,
      podIP: textAt(pod, 'status', 'podIP'),
      ready: true,
      startTime: textAt(pod, 'status', 'startTime'),
    };
    store.replace(KINDS.pods, withAt(pod, ['status'], statusOf(cluster, input)));
  };
  return {
    run: (part) => {
      for (const pod of part.list(KINDS.pods)) {
        const phase = textAt(pod, 'status', 'phase');
        const since = startedMs.get(uidOf(pod));
        if (phase === '') start(pod);
        else if (
          phase === 'Pending' &&
          since !== undefined &&
          now().getTime() - since >= readyDelayMs
        ) {
          finish(pod);
        }
      }
    },
  };
}

/** The pod that a template and its owner give. */
export function podFromTemplate(
  template: JsonObject,
  owner: { readonly name: string; readonly namespace: string; readonly reference: JsonObject },
  suffix: string,
): JsonObject {
  const metadata = recordAt(template, 'metadata');
  return {
    metadata: {
      name: `${owner.name.slice(0, 57)}-${suffix}`,
      generateName: `${owner.name}-`,
      namespace: owner.namespace,
      ...(metadata['labels'] === undefined ? {} : { labels: metadata['labels'] }),
      ...(metadata['annotations'] === undefined ? {} : { annotations: metadata['annotations'] }),
      ownerReferences: [owner.reference],
    },
    spec: recordAt(template, 'spec'),
  };
}

/** Which pod a ReplicaSet gives up first: not ready, then ready for the shortest time, then the youngest. */
export function compareForDeletion(a: JsonObject, b: JsonObject): number {
  if (isReady(a) !== isReady(b)) return isReady(a) ? 1 : -1;
  const cost = deletionCost(a) - deletionCost(b);
  if (cost !== 0) return cost;
  const byReady = readySince(b).localeCompare(readySince(a));
  if (byReady !== 0) return byReady;
  const born = (pod: JsonObject): string => textAt(pod, 'metadata', 'creationTimestamp');
  const byBirth = born(b).localeCompare(born(a));
  return byBirth === 0 ? nameOf(a).localeCompare(nameOf(b)) : byBirth;
}

function deletionCost(pod: JsonObject): number {
  const annotation = 'controller.kubernetes.io/pod-deletion-cost';
  const cost = Number(textAt(pod, 'metadata', 'annotations', annotation));
  return Number.isInteger(cost) ? cost : 0;
}
