import type { Logger } from 'pino';
import { createActivities } from '../activities/index.ts';
import type { ActivityDependencies } from '../activities/dependencies.ts';
import type { WorkflowBundle } from '../worker/bundle.ts';
import { installRuntime } from '../worker/runtime.ts';
import { startWorker } from '../worker/worker.ts';
import { createAdopter } from './adoption.ts';
import type { EngineClient } from './engine-client.ts';
import { createSchedules, currentBuild, makeCurrent } from './engine-setup.ts';
import type { Messenger } from './messenger.ts';
import { createOurNamespace } from './namespace.ts';
import { createReconciler } from './reconciler.ts';
import { startRelay } from './relay.ts';
import type { Servers } from './servers.ts';
import type { Sync } from './sync/sync.ts';

/** What the worker role runs on. */
export interface EngineRoleOptions {
  readonly servers: Servers;
  readonly engine: EngineClient;
  readonly activities: Omit<ActivityDependencies, 'reconcile' | 'sync'>;
  readonly sync: Sync;
  /** Seconds between two rounds of the sync; 0 for none. */
  readonly syncEverySeconds: number;
  readonly bundle: WorkflowBundle;
  readonly messenger: Messenger;
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

/** Starts worker, relay and reconciler; on our own Temporal this build becomes the current one. */
export async function startEngineRole(options: EngineRoleOptions): Promise<EngineRole> {
  const { servers, engine, bundle, log } = options;
  const { store } = options.activities;
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
  const worker = await startWorker({
    connection: servers.temporal,
    namespace: servers.namespace,
    taskQueue: engine.taskQueue,
    bundle,
    activities: createActivities({
      ...options.activities,
      reconcile: async () => {
        await reconciler.reconcile();
        // The last leg of the self-check: this activity ran, so the schedule, Temporal and the worker work.
        await store.selfWatch.settle(new Date().toISOString());
      },
      sync: (how) => options.sync.round(how),
    }),
    activitiesMax: options.activitiesMax,
    shutdownGraceMs: SHUTDOWN_GRACE_MS,
  });
  try {
    if (servers.ownsTemporal) await makeCurrent(engine, bundle.buildId);
    else await warnUnlessCurrent(options);
    const touched = await reconciler.reconcile();
    if (touched > 0) log.warn({ incidents: touched }, 'open incidents were taken up again');
    await createSchedules(engine, options);
    const { messenger } = options;
    const { playbooks, inventory } = options.activities;
    const redirections = { playbooks, inventory };
    const relay = await startRelay({ store, engine, messenger, namespace, redirections, log });
    return {
      finished: worker.finished,
      stop: async () => {
        await relay.stop();
        await worker.stop();
      },
    };
  } catch (error) {
    await worker.stop();
    throw error;
  }
}
