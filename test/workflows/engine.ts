/* eslint-disable max-lines -- one noun; a split would part what changes together. */
import { generateKeyPairSync, randomUUID, sign, verify } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import pino from 'pino';
import { createActivities } from '../../activities/index.ts';
import type { ActivityDependencies } from '../../activities/dependencies.ts';
import { admitDecision } from '../../api/admission.ts';
import { createAdopter } from '../../app/adoption.ts';
import { connectEngine, type EngineClient } from '../../app/engine-client.ts';
import { makeCurrent } from '../../app/engine-setup.ts';
import { createReconciler, recordNamespace, type Reconciler } from '../../app/reconciler.ts';
import { startRelay, type Relay } from '../../app/relay.ts';
import type { Approval, Role } from '../../domain/approval.ts';
import type { DecisionCommand, Decision } from '../../domain/decision.ts';
import type { Fact } from '../../domain/fact.ts';
import type { Incident, Mode } from '../../domain/incident.ts';
import type { InventoryEntry } from '../../domain/inventory.ts';
import type { Playbook, PlaybookOperation, StepName } from '../../domain/playbook.ts';
import { STEP_NAMES } from '../../domain/playbook.ts';
import { canonicalJson, digestOf } from '../../evidence/digest.ts';
import { createStore } from '../../store/database.ts';
import { createEvidenceFiles } from '../../store/evidence-files.ts';
import type { Store } from '../../store/tables.ts';
import { buildIdOf, type WorkflowBundle } from '../../worker/bundle.ts';
import { startWorker, type RunningWorker } from '../../worker/worker.ts';
import { freshDatabase, temporalAddress, tempDir, unique, workflowBundlePath } from '../harness.ts';
import type { World } from './world.ts';

const WAIT_MAX_MS = 30_000;
const LOOK_MS = 20;

/** Everything that runs one incident for real: Postgres, Temporal, worker, relay; only the world is a test's. */
export interface Engine {
  readonly store: Store;
  readonly client: EngineClient;
  readonly reconciler: Reconciler;
  readonly deps: ActivityDependencies;
  open(options?: {
    readonly mode?: Mode;
    readonly key?: string;
    readonly by?: string;
  }): Promise<Incident>;
  decide(incident: Incident, person: string, command: DecisionCommand): Promise<Decision>;
  /** Approves whatever is asked of this incident, as both roles, until `stop` says enough. */
  approveNext(incident: Incident, people?: readonly string[]): Promise<string>;
  waitFor(
    incident: Incident,
    what: string,
    holds: (incident: Incident, facts: readonly Fact[]) => boolean,
  ): Promise<Incident>;
  facts(incident: Incident): Promise<readonly Fact[]>;
  stopWorker(): Promise<void>;
  startWorker(bundle?: WorkflowBundle): Promise<void>;
  stop(): Promise<void>;
}

const PEOPLE: readonly { id: string; roles: readonly Role[] }[] = [
  { id: 'ada', roles: ['responder', 'approver-model-owner'] },
  { id: 'grace', roles: ['responder', 'approver-security'] },
  { id: 'linus', roles: ['viewer'] },
];

/** An entry that resolves every test's target. */
export const ENTRY: InventoryEntry = {
  model: 'm',
  registryName: 'm',
  alias: 'champion',
  serving: [],
  service: null,
  load: 'pinned-uri',
  replicas: 1,
  pipeline: null,
  datasets: [],
  datasetPointer: null,
  owner: 'ada',
  onIsolation: 'previous-version',
  source: 'file',
  confidence: 'high',
};

/** A playbook with these operations in these steps. */
export function playbookOf(
  steps: Partial<Record<StepName, readonly PlaybookOperation[]>>,
): Playbook {
  return {
    formatVersion: 1,
    name: 'test',
    class: 'test',
    title: 'Test',
    parameters: {},
    steps: STEP_NAMES.map((name) => ({ name, operations: steps[name] ?? [] })),
  };
}

const base = { title: 'an operation', when: null, onFailure: 'hold' } as const;

/** Short forms of operations for tests. */
export const op = {
  contain: (name: string, value: string, to: number): PlaybookOperation & { kind: 'action' } => ({
    ...base,
    kind: 'action',
    name,
    use: 'world.contain',
    instance: null,
    forEach: null,
    with: { name: value, value: to },
    approvalClass: 'R1',
    containment: true,
  }),
  set: (name: string, value: string, to: number): PlaybookOperation & { kind: 'action' } => ({
    ...base,
    kind: 'action',
    name,
    use: 'world.set',
    instance: null,
    forEach: null,
    with: { name: value, value: to },
    approvalClass: 'R3',
    containment: false,
  }),
  undo: (name: string, of: readonly string[]): PlaybookOperation & { kind: 'undo' } => ({
    ...base,
    kind: 'undo',
    name,
    of,
    approvalClass: 'R3',
  }),
  probe: (name: string, value: string, expected: number): PlaybookOperation => ({
    ...base,
    kind: 'probe',
    name,
    use: 'world.value',
    instance: null,
    forEach: null,
    with: { name: value },
    expect: `value.value == ${expected.toString()}`,
    withinSeconds: 0,
  }),
  seal: (name: string, value: string): PlaybookOperation => ({
    ...base,
    kind: 'seal',
    name,
    use: 'world.value',
    instance: null,
    forEach: null,
    with: { name: value },
  }),
  approval: (
    name: string,
    covers: readonly (PlaybookOperation & { kind: 'action' | 'undo' })[],
  ): PlaybookOperation => ({
    ...base,
    kind: 'approval',
    name,
    roles: ['approver-model-owner', 'approver-security'],
    covers,
    expiresAfterSeconds: 3600,
    escalateAfterSeconds: 600,
  }),
};

/** Starts an engine on a fresh database and a task queue of its own. */
export async function startEngine(playbook: Playbook, world: World): Promise<Engine> {
  const database = await freshDatabase();
  const store = await createStore({ databaseUrl: database.url, role: 'worker', poolSize: 10 });
  const api = await createStore({ databaseUrl: database.url, role: 'api', poolSize: 4 });
  const { privateKey, publicKey } = generateKeyPairSync('ed25519');
  for (const { id, roles } of PEOPLE) {
    await api.people.put({ id, name: id, roles, slackUser: null, mail: null, active: true });
  }
  const taskQueue = unique('test');
  const client = await connectEngine({
    connection: { address: temporalAddress() },
    namespace: 'default',
    taskQueue,
    searchAttributes: true,
  });
  await recordNamespace(store, client);
  const pinned = { playbook, digest: digestOf(playbook) };
  let reconciler: Reconciler | null = null;
  const deps: ActivityDependencies = {
    store,
    connectors: {
      find: () => ({ name: 'world', holdMs: world.holdMs, connector: world.connector }),
      named: () => ({ name: 'world', holdMs: world.holdMs, connector: world.connector }),
    },
    evidenceFiles: createEvidenceFiles(await tempDir()),
    inventory: [ENTRY],
    playbooks: [pinned],
    verifySignature: (payload, signature) =>
      verify(
        null,
        Buffer.from(canonicalJson(payload)),
        publicKey,
        Buffer.from(signature, 'base64'),
      ),
    now: () => new Date(),
    newId: (prefix) => `${prefix}_${randomUUID()}`,
    channels: { slack: false, mail: false },
    baseUrl: 'http://127.0.0.1',
    reconcile: async () => {
      await reconciler?.reconcile();
    },
  };
  const log = pino({ level: 'silent' });
  const code = await readFile(await workflowBundlePath(), 'utf8');
  const ours: WorkflowBundle = { code, buildId: buildIdOf(code) };
  let worker: RunningWorker | null = null;
  const begin = async (bundle: WorkflowBundle = ours): Promise<void> => {
    worker = await startWorker({
      connection: { address: temporalAddress() },
      namespace: 'default',
      taskQueue,
      bundle,
      activities: createActivities(deps),
      activitiesMax: 10,
      shutdownGraceMs: 1_000,
    });
    await makeCurrent(client, bundle.buildId);
    const adopter = createAdopter({ store, engine: client, bundle, soleWorker: true, log });
    reconciler = createReconciler({ store, engine: client, adopter, log });
  };
  await begin();
  const relay: Relay = await startRelay({
    store,
    engine: client,
    messenger: { send: () => Promise.resolve('sent') },
    log,
  });
  const signer = (payload: object): string =>
    sign(null, Buffer.from(canonicalJson(payload)), privateKey).toString('base64');

  const facts = async (incident: Incident): Promise<readonly Fact[]> => {
    const all: Fact[] = [];
    for await (const fact of store.facts.all(incident.id)) all.push(fact);
    return all;
  };
  const waitFor: Engine['waitFor'] = async (incident, what, holds) => {
    const deadline = Date.now() + WAIT_MAX_MS;
    for (;;) {
      const now = await store.incidents.get(incident.id);
      const seen = await facts(incident);
      if (now && holds(now, seen)) return now;
      if (Date.now() > deadline) {
        const lines = seen.map(
          ({ sequence, kind, summary }) => `${sequence.toString()} ${kind} ${summary}`,
        );
        throw new Error(
          `waited in vain for ${what}; state ${now?.state ?? '-'}\n${lines.join('\n')}`,
        );
      }
      await sleep(LOOK_MS);
    }
  };
  const decide: Engine['decide'] = async (incident, person, command) => {
    const who = await api.people.get(person);
    if (!who) throw new Error(`no person ${person}`);
    const actor = { person, name: who.name, roles: who.roles, channel: 'api' };
    const admitted = await admitDecision(
      { store: api, clock: () => new Date(), signer },
      {
        decisionId: `dec_${randomUUID()}`,
        command,
        incidentId: incident.id,
        actor,
        caller: { person: who, canApprove: true },
      },
    );
    const deadline = Date.now() + WAIT_MAX_MS;
    for (;;) {
      const now = await store.decisions.get(admitted.id);
      if (now && now.outcome !== 'pending') return now;
      if (Date.now() > deadline) throw new Error(`decision ${command.kind} was never settled`);
      await sleep(LOOK_MS);
    }
  };
  const approveNext: Engine['approveNext'] = async (incident, people = ['ada', 'grace']) => {
    const openApproval = async (): Promise<Approval | undefined> => {
      const filter = { status: 'open', incidentId: incident.id } as const;
      return (await store.approvals.list(filter, { cursor: null, limit: 1 })).items[0];
    };
    const deadline = Date.now() + WAIT_MAX_MS;
    let approval = await openApproval();
    while (!approval && Date.now() < deadline) {
      await sleep(LOOK_MS);
      approval = await openApproval();
    }
    if (!approval) throw new Error('waited in vain for an approval');
    const { id: approvalId, planDigest } = approval;
    for (const person of people) {
      await decide(incident, person, { kind: 'approve', approvalId, planDigest });
    }
    return approvalId;
  };
  return {
    store,
    client,
    deps,
    get reconciler() {
      if (!reconciler) throw new Error('no reconciler');
      return reconciler;
    },
    facts,
    waitFor,
    decide,
    approveNext,
    open: async (options = {}) => {
      const { incident } = await api.incidents.open({
        requestId: randomUUID(),
        incidentKey: options.key ?? unique('key'),
        incident: {
          title: 'a test',
          severity: 'sev3',
          mode: options.mode ?? 'auto',
          route: null,
          playbookName: 'test',
          suspect: null,
          model: 'm',
          targets: { status: 'resolved', entry: ENTRY, candidates: [ENTRY], steps: [] },
          parameters: {},
          origin: { kind: 'person', by: options.by ?? 'opener', channel: 'api' },
          firstAlert: null,
          onsetAt: null,
        },
        reopenWindowSeconds: 0,
        openedAt: new Date().toISOString(),
      });
      return incident;
    },
    stopWorker: async () => {
      await worker?.stop();
      worker = null;
    },
    startWorker: begin,
    stop: async () => {
      await relay.stop();
      await worker?.stop();
      await client.close();
      await store.close();
      await api.close();
      await database.drop();
    },
  };
}
