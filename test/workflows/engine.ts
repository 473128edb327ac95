import { randomUUID } from 'node:crypto';
import pino from 'pino';
import { createActivities, writingActivities } from '../../activities/index.ts';
import type { ActivityDependencies, RulesInForce } from '../../activities/dependencies.ts';
import { createAdopter } from '../../app/adoption.ts';
import { connectEngine, type EngineClient } from '../../app/engine-client.ts';
import { makeCurrent } from '../../app/engine-setup.ts';
import { haltFilePath, readHaltFile } from '../../app/halt-file.ts';
import { createOurNamespace } from '../../app/namespace.ts';
import { createReconciler, type Reconciler } from '../../app/reconciler.ts';
import { startRelay } from '../../app/relay.ts';
import { DEFAULT_CAPS, type Caps } from '../../domain/cap.ts';
import {
  CREDENTIALS,
  queueOf,
  type Credential,
  type WritingCredential,
} from '../../domain/credential.ts';
import { workflowIdOf, type Incident } from '../../domain/incident.ts';
import type { Playbook } from '../../domain/playbook.ts';
import { digestOf } from '../../evidence/digest.ts';
import { createStore } from '../../store/database.ts';
import { createEvidenceFiles } from '../../store/evidence-files.ts';
import type { Store } from '../../store/tables.ts';
import type { WorkflowBundle } from '../../worker/bundle.ts';
import { startWorker, type RunningWorker } from '../../worker/worker.ts';
import { statusQuery } from '../../workflows/messages.ts';
import { bundleOf } from '../crash/settings.ts';
import { freshDatabase, temporalAddress, tempDir, unique, workflowBundlePath } from '../harness.ts';
import { steadyRules } from '../steady-rules.ts';
import {
  createIncidents,
  eventually,
  ENTRY,
  OTHER_ENTRY,
  type Incidents,
} from './engine-incidents.ts';
import { createTestKey } from '../../app/test-key.ts';
import { createPeople, type People } from './engine-people.ts';
import type { World } from './world.ts';

/** Everything that runs one incident for real: Postgres, Temporal, worker, relay; only the world is a test's. */
export interface Engine extends Incidents, People {
  readonly store: Store;
  /** Of the owner of the database: what another process is given. */
  readonly databaseUrl: string;
  /** Key that decisions are signed with, for another process that verifies them. */
  readonly keyPem: string;
  readonly client: EngineClient;
  readonly reconciler: Reconciler;
  readonly deps: ActivityDependencies;
  /** Waits until the run itself waits like this: what it wrote may be seen earlier. */
  untilRun(incident: Incident, kind: 'held' | 'close'): Promise<void>;
  /** Where a HALT file would stand. */
  readonly haltPath: string;
  /** What the process of the workflows serves from its next start on, and which others serve a credential of their own. */
  split(serves: readonly Credential[], others: readonly WritingCredential[]): void;
  stopWorker(): Promise<void>;
  startWorker(bundle?: WorkflowBundle): Promise<void>;
  stop(): Promise<void>;
}

const LOG = pino({ level: 'silent' });
/** How long an effect waits here for a process that has its credential. */
const START_WITHIN_MS = 1_000;

/** The connectors of a world: one instance, whatever is asked for, with the hold time of the moment. */
function connectorsOf(world: World): ActivityDependencies['connectors'] {
  const { connector } = world;
  const find = () => ({ name: 'world', drill: false, holdMs: world.holdMs, connector });
  return { of: () => ({ find, named: find }) };
}

/** Workers that a test stops and starts again, with the reconciler of their build. */
interface Workers {
  readonly reconciler: Reconciler;
  split: Engine['split'];
  start(bundle?: WorkflowBundle): Promise<void>;
  stop(): Promise<void>;
}

function createWorkers(client: EngineClient, deps: () => ActivityDependencies): Workers {
  const workers: RunningWorker[] = [];
  let reconciler: Reconciler | null = null;
  let served: readonly Credential[] = CREDENTIALS;
  let apart: readonly WritingCredential[] = [];
  const startAll = async (bundle: WorkflowBundle): Promise<void> => {
    const common = {
      connection: { address: temporalAddress() },
      namespace: 'default',
      taskQueue: client.taskQueue,
      bundle,
      activitiesMax: 10,
      shutdownGraceMs: 1_000,
    };
    const here = { ...deps(), serves: new Set(served) };
    workers.push(await startWorker({ ...common, activities: createActivities(here) }));
    for (const credential of apart) {
      const there = { ...deps(), serves: new Set<Credential>(['read', credential]) };
      const activityQueue = queueOf(client.taskQueue, credential);
      const activities = writingActivities(there);
      workers.push(await startWorker({ ...common, activityQueue, activities }));
    }
  };
  return {
    split: (serves, others) => {
      served = serves;
      apart = others;
    },
    get reconciler() {
      if (!reconciler) throw new Error('no reconciler');
      return reconciler;
    },
    start: async (given) => {
      const bundle = given ?? (await bundleOf({ bundlePath: await workflowBundlePath() }));
      await startAll(bundle);
      await makeCurrent(client, bundle.buildId);
      const { store } = deps();
      const ground = { store, engine: client, log: LOG };
      const namespace = createOurNamespace({ ...ground, isOwn: false });
      const adopter = createAdopter({ ...ground, bundle, replacesOthers: true });
      reconciler = createReconciler({ ...ground, adopter, namespace });
    },
    stop: async () => {
      await Promise.all(workers.splice(0).map((worker) => worker.stop()));
    },
  };
}

/** What an engine has beside its first playbook. */
export interface EngineOptions {
  readonly others?: readonly Playbook[];
  readonly caps?: Caps;
  readonly rules?: RulesInForce;
  /** Whether Slack is a channel beside mail. */
  readonly slack?: boolean;
  /** What the process of the workflows serves, and which credentials have a process of their own; by default it serves all. */
  readonly apart?: {
    readonly serves: readonly Credential[];
    readonly others: readonly WritingCredential[];
  };
}

/**
 * Starts an engine on a fresh database and a task queue of its own; incidents begin with the first playbook, under the
 * default caps unless others are given.
 */
export async function startEngine(
  playbook: Playbook,
  world: World,
  {
    others = [],
    caps = DEFAULT_CAPS,
    rules = steadyRules(),
    slack = false,
    apart,
  }: EngineOptions = {},
): Promise<Engine> {
  const database = await freshDatabase();
  const store = await createStore({ databaseUrl: database.url, role: 'worker', poolSize: 10 });
  const api = await createStore({ databaseUrl: database.url, role: 'api', poolSize: 4 });
  const key = createTestKey();
  const people = await createPeople({ api, worker: store }, key);
  const client = await connectEngine({
    connection: { address: temporalAddress() },
    namespace: 'default',
    taskQueue: unique('test'),
  });
  const haltPath = haltFilePath({ dataDir: await tempDir() });
  const workers = createWorkers(client, () => deps);
  const pinned = [playbook, ...others].map((one) => ({ playbook: one, digest: digestOf(one) }));
  const deps: ActivityDependencies = {
    store,
    connectors: connectorsOf(world),
    evidenceFiles: createEvidenceFiles(await tempDir()),
    inventory: () => [ENTRY, OTHER_ENTRY],
    playbooks: () => pinned,
    caps: () => caps,
    rules,
    verifySignature: key.verify,
    haltFile: () => readHaltFile(haltPath),
    serves: new Set(CREDENTIALS),
    startWithinMs: START_WITHIN_MS,
    now: () => new Date(),
    newId: (prefix) => `${prefix}_${randomUUID()}`,
    channels: { slack, mail: true },
    baseUrl: 'http://127.0.0.1',
    reconcile: async () => {
      await workers.reconciler.reconcile();
    },
    sync: () => Promise.resolve({ artifacts: 0, told: 0, problems: [] }),
  };
  if (apart) workers.split(apart.serves, apart.others);
  await workers.start();
  const namespace = createOurNamespace({ store, engine: client, isOwn: false, log: LOG });
  const messenger = { send: () => Promise.resolve('sent' as const) };
  const redirections = { playbooks: deps.playbooks, inventory: deps.inventory };
  const relay = await startRelay({
    store,
    engine: client,
    messenger,
    namespace,
    channels: deps.channels,
    redirections,
    ...{ written: () => [], mailTo: [] },
    log: LOG,
  });
  return {
    ...createIncidents({ api, worker: store }),
    untilRun: async ({ id, generation }, kind) => {
      const handle = client.client.workflow.getHandle(workflowIdOf(id, generation));
      await eventually(
        async () => ((await handle.query(statusQuery)).waiting?.kind === kind ? kind : null),
        () => `the run never waited like ${kind}`,
      );
    },
    ...people,
    store,
    databaseUrl: database.url,
    keyPem: key.pem,
    client,
    deps,
    haltPath,
    get reconciler() {
      return workers.reconciler;
    },
    split: (serves, others) => {
      workers.split(serves, others);
    },
    startWorker: (bundle) => workers.start(bundle),
    stopWorker: () => workers.stop(),
    stop: async () => {
      await relay.stop();
      await workers.stop();
      await client.close();
      await store.close();
      await api.close();
      await database.drop();
    },
  };
}
