import type { Logger } from 'pino';
import { createActivities, writingActivities } from '../activities/index.ts';
import type { ActivityDependencies } from '../activities/dependencies.ts';
import { queueOf, WRITING_CREDENTIALS } from '../domain/credential.ts';
import type { InventoryEntry } from '../domain/inventory.ts';
import type { WorkflowBundle } from '../worker/bundle.ts';
import { installRuntime } from '../worker/runtime.ts';
import { startWorker, type RunningWorker } from '../worker/worker.ts';
import { createAdopter } from './adoption.ts';
import type { EngineClient } from './engine-client.ts';
import { createSchedules, currentBuild, makeCurrent } from './engine-setup.ts';
import { createQueueWatch, type QueueWatch } from './queue-watch.ts';
import type { Messenger } from './messenger.ts';
import { createOurNamespace } from './namespace.ts';
import { createReconciler, type Reconciler } from './reconciler.ts';
import { startRelay } from './relay.ts';
import type { Servers } from './servers.ts';
import type { Sync } from './sync/sync.ts';

/** What the worker role runs on. */
export interface EngineRoleOptions {
  readonly servers: Servers;
  readonly engine: EngineClient;
  readonly activities: Omit<ActivityDependencies, 'reconcile' | 'sync'>;
  /** Once a minute: tells people of what has come due, clocks of regulators and updates for stakeholders. */
  readonly remind: () => Promise<unknown>;
  /** The inventory of the rules, without what was discovered. */
  readonly written: () => readonly InventoryEntry[];
  /** Who gets every mail. */
  readonly mailTo: readonly string[];
  readonly sync: Sync;
  /** Seconds between two rounds of the sync; 0 for none. */
  readonly syncEverySeconds: number;
  readonly bundle: WorkflowBundle;
  /** Null where this process delivers nothing: it has not the credential `read`. */
  readonly messenger: Messenger | null;
  readonly activitiesMax: number;
  readonly log: Logger;
}

/** The running worker role. */
export interface EngineRole {
  /** Ends when the worker does; raises what made it end. */
  readonly finished: Promise<void>;
  stop(): Promise<void>;
}

const SHUTDOWN_GRACE_MS = 10_000;

/** On a server that is not ours an operator decides when a build takes over. */
async function warnUnlessCurrent({ engine, bundle, log }: EngineRoleOptions): Promise<void> {
  const current = await currentBuild(engine);
  if (current === bundle.buildId) return;
  log.warn(
    { build: bundle.buildId, current },
    'new incidents do not start on this build: run `firebreak deploy`',
  );
}

/** Every activity of this process, with what only the engine around them can do. */
function activitiesOf(
  options: EngineRoleOptions,
  parts: { readonly reconciler: Reconciler; readonly queues: QueueWatch },
): ActivityDependencies {
  const { store } = options.activities;
  return {
    ...options.activities,
    reconcile: async () => {
      await parts.reconciler.reconcile();
      await parts.queues.look();
      await options.remind();
      // The last leg of the self-check: this activity ran, so the schedule, Temporal and the worker work.
      await store.selfWatch.settle(new Date().toISOString());
    },
    sync: (how) => options.sync.round(how),
  };
}

/** A worker for each queue that this process serves: that of workflows with `read`, and one for each credential that writes. */
async function startWorkers(
  options: EngineRoleOptions,
  deps: ActivityDependencies,
): Promise<readonly RunningWorker[]> {
  const { servers, engine, bundle, activitiesMax } = options;
  const { taskQueue } = engine;
  const { serves } = deps;
  const common = {
    connection: servers.temporal,
    namespace: servers.namespace,
    taskQueue,
    bundle,
    activitiesMax,
    shutdownGraceMs: SHUTDOWN_GRACE_MS,
  };
  const workers: RunningWorker[] = [];
  try {
    if (serves.has('read')) {
      workers.push(await startWorker({ ...common, activities: createActivities(deps) }));
    }
    for (const credential of WRITING_CREDENTIALS.filter((one) => serves.has(one))) {
      const activityQueue = queueOf(taskQueue, credential);
      const activities = writingActivities(deps);
      workers.push(await startWorker({ ...common, activityQueue, activities }));
    }
  } catch (error) {
    await Promise.all(workers.map((worker) => worker.stop()));
    throw error;
  }
  return workers;
}

/**
 * Starts the workers of the credentials that this process has; with `read` also relay, reconciler and schedules, and on our
 * own Temporal this build becomes the current one.
 */
export async function startEngineRole(options: EngineRoleOptions): Promise<EngineRole> {
  const { servers, engine, bundle, log } = options;
  const { store, serves } = options.activities;
  installRuntime(log);
  const adopter = createAdopter({
    store,
    engine,
    bundle,
    log,
    replacesOthers: servers.ownsTemporal,
  });
  const namespace = createOurNamespace({ store, engine, isOwn: servers.ownsTemporal, log });
  const reconciler = createReconciler({ store, engine, adopter, namespace, log });
  const queues = createQueueWatch(engine, log);
  const workers = await startWorkers(options, activitiesOf(options, { reconciler, queues }));
  const finished = Promise.race(workers.map((worker) => worker.finished));
  const stopWorkers = async (): Promise<void> => {
    await Promise.all(workers.map((worker) => worker.stop()));
  };
  const { messenger } = options;
  if (messenger === null || !serves.has('read')) return { finished, stop: stopWorkers };
  try {
    if (servers.ownsTemporal) await makeCurrent(engine, bundle.buildId);
    else await warnUnlessCurrent(options);
    const { touched } = await reconciler.reconcile();
    if (touched > 0) log.warn({ incidents: touched }, 'open incidents were taken up again');
    await createSchedules(engine, options);
    const { playbooks, inventory, channels } = options.activities;
    const redirections = { playbooks, inventory };
    const relay = await startRelay({
      ...{ store, engine, messenger, channels, namespace, redirections, log },
      ...{ written: options.written, mailTo: options.mailTo },
    });
    return {
      finished,
      stop: async () => {
        await relay.stop();
        await stopWorkers();
      },
    };
  } catch (error) {
    await stopWorkers();
    throw error;
  }
}
