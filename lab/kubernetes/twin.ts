import { createHash } from 'node:crypto';
import type { JsonObject } from '../../domain/json.ts';
import { createFaultPlan, type FaultPlan } from '../fault.ts';
import { startTwin, type Twin } from '../twin.ts';
import type { AccessOptions } from './access.ts';
import { createApiHandler } from './api-server.ts';
import { KINDS } from './controller/cluster.ts';
import { createControllerManager } from './controller/manager.ts';
import { textAt } from './object.ts';
import { createObjectStore, fingerprintOf } from './object-store.ts';

/** How the Kubernetes twin behaves. */
export interface KubernetesTwinOptions extends AccessOptions {
  readonly port?: number;
  readonly faults?: FaultPlan;
  /** Namespaces that exist from the start, beside `default` and `kube-system`. */
  readonly namespaces?: readonly string[];
  readonly now?: () => Date;
  /** How long a pod takes to become ready, in milliseconds; 0 (the default) is at once. */
  readonly readyDelayMs?: number;
  /** How long after a write the controllers look, in milliseconds; 0 (the default): before the answer goes out. */
  readonly controllerDelayMs?: number;
  /** Called with every `audit.k8s.io/v1` event, in order. */
  readonly onAudit?: (event: JsonObject) => void;
  /** Digest (`sha256:…`) of an image, shown in `imageID`; by default derived from its name. */
  readonly imageDigest?: (image: string) => string;
}

/** A running twin of the Kubernetes API server and the controllers that we depend on. */
export interface KubernetesTwin extends Twin {
  /** Every object without times and versions; equal worlds have equal fingerprints. */
  fingerprint(): JsonObject;
  /** Version of the last change to any object. */
  version(): number;
  /** Runs the controllers to rest, for tests that move the clock. */
  settle(): void;
}

function derivedDigest(image: string): string {
  return `sha256:${createHash('sha256').update(`lab-image/${image}`).digest('hex')}`;
}

/** When the controllers run. */
interface Heart {
  afterWrite(): void;
  stop(): void;
}

/** Runs the controllers after writes: at once or a moment later, and again when starting pods are due. */
function createHeart(options: KubernetesTwinOptions, settle: () => boolean): Heart {
  const timers = new Set<NodeJS.Timeout>();
  const beat = (): void => {
    if (settle()) later((options.readyDelayMs ?? 0) + 1);
  };
  const later = (delayMs: number): void => {
    const timer = setTimeout(() => {
      timers.delete(timer);
      beat();
    }, delayMs);
    timers.add(timer);
  };
  return {
    afterWrite: () => {
      const delayMs = options.controllerDelayMs ?? 0;
      if (delayMs === 0) beat();
      else later(delayMs);
    },
    stop: () => {
      for (const timer of timers) clearTimeout(timer);
      timers.clear();
    },
  };
}

/**
 * Starts an empty cluster on 127.0.0.1. Raises what listening raises.
 */
export async function createKubernetesTwin(
  options: KubernetesTwinOptions = {},
): Promise<KubernetesTwin> {
  const now = options.now ?? ((): Date => new Date());
  const store = createObjectStore(now);
  let sequence = 0;
  const manager = createControllerManager({
    store,
    now,
    next: () => (sequence += 1),
    readyDelayMs: options.readyDelayMs ?? 0,
    imageDigest: options.imageDigest ?? derivedDigest,
  });
  const heart = createHeart(options, () => {
    manager.settle();
    return store.list(KINDS.pods).some((pod) => textAt(pod, 'status', 'phase') === 'Pending');
  });
  for (const name of ['default', 'kube-system', ...(options.namespaces ?? [])]) {
    store.insert(KINDS.namespaces, { metadata: { name }, status: { phase: 'Active' } });
  }
  const handler = createApiHandler({
    store,
    access: options,
    now,
    afterWrite: () => {
      heart.afterWrite();
    },
    onAudit: options.onAudit ?? ((): void => undefined),
  });
  const twin = await startTwin({
    name: 'kubernetes',
    handler,
    faults: options.faults ?? createFaultPlan(),
    ...(options.port === undefined ? {} : { port: options.port }),
  });
  return {
    ...twin,
    fingerprint: () => fingerprintOf(store),
    version: () => store.version(),
    settle: () => {
      manager.settle();
    },
    close: async () => {
      heart.stop();
      await twin.close();
    },
  };
}
