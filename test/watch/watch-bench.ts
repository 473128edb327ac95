import { randomUUID } from 'node:crypto';
import type { ActivityDependencies } from '../../activities/dependencies.ts';
import { watchContainments } from '../../activities/watch-containments.ts';
import { admitDecision } from '../../api/admission.ts';
import { create } from '../../connectors/kubernetes/index.ts';
import type { CallContext, Connector } from '../../connectors/connector.ts';
import type { Approval } from '../../domain/approval.ts';
import { DEFAULT_CAPS } from '../../domain/cap.ts';
import { CREDENTIALS } from '../../domain/credential.ts';
import type { Fact } from '../../domain/fact.ts';
import type { Incident } from '../../domain/incident.ts';
import type { Json } from '../../domain/json.ts';
import type { Message } from '../../domain/message.ts';
import { keyText, type OperationKey, type OperationRow } from '../../domain/operation.ts';
import { digestOf } from '../../evidence/digest.ts';
import { createPlainClient, type PlainClient } from '../../lab/kubernetes/plain-client.ts';
import { CANARY_DEPLOYMENT, NAMESPACE, seedServing } from '../../lab/kubernetes/serving-sample.ts';
import { createKubernetesTwin, type KubernetesTwin } from '../../lab/kubernetes/twin.ts';
import type { Store } from '../../store/tables.ts';
import { steadyRules } from '../steady-rules.ts';
import { createIncidents, ENTRY } from '../workflows/engine-incidents.ts';
import { admissionOver } from '../workflows/engine-people.ts';
import type { TestKey } from '../../app/test-key.ts';
import { SCOPES } from '../../domain/scope.ts';

const ROUND_MS = 15_000;
const DEPLOYMENT = `/apis/apps/v1/namespaces/${NAMESPACE}/deployments/${CANARY_DEPLOYMENT}`;
/** Replicas that whoever runs the canary wants. */
const WANTED = 2;

/** A cluster whose canary an incident keeps at zero, and the watch over it under a clock that tests move. */
export interface WatchBench {
  readonly twin: KubernetesTwin;
  readonly cluster: PlainClient;
  readonly incident: Incident;
  readonly key: OperationKey;
  readonly store: Store;
  /** Lets time pass, and one round of the watch look. */
  round(afterMs?: number): Promise<void>;
  row(): Promise<OperationRow>;
  facts(): Promise<readonly Fact[]>;
  questions(): Promise<readonly Approval[]>;
  messages(): Promise<readonly Message[]>;
  answer(approval: Approval, person: string, kind: 'approve' | 'reject'): Promise<void>;
  /** Changes of the canary by us since the containment. */
  ourWrites(): number;
  /** Somebody wants the canary back, under a name of his own. */
  bringBack(manager: string): Promise<void>;
  /** The autoscaler's way: through the sub-resource. */
  autoscale(): Promise<void>;
  close(): Promise<void>;
}

/** Stores of a test file and the key that its people sign with. */
export interface WatchStores {
  readonly api: Store;
  readonly worker: Store;
  readonly key: TestKey;
}

function contextOf(key: OperationKey): CallContext {
  return {
    idempotencyKey: keyText(key),
    incidentId: key.incidentId,
    signal: new AbortController().signal,
    heartbeat: () => undefined,
    permit: () => Promise.resolve(),
    now: () => new Date(),
  };
}

/** Brings the canary to zero as an operation does: planned, claimed, applied, verified. */
async function contain(
  { worker }: WatchStores,
  connector: Connector,
  incident: Incident,
): Promise<OperationKey> {
  const scale = connector.actions['scale'];
  if (!scale) throw new Error('no action scale');
  const target = `kubernetes/Deployment/${NAMESPACE}/${CANARY_DEPLOYMENT}`;
  const key = { incidentId: incident.id, operation: 'scale-canary-away', target, round: 1 };
  const input: Json = { namespace: NAMESPACE, name: CANARY_DEPLOYMENT, replicas: 0 };
  const plan = await scale.plan(input, contextOf(key));
  await worker.claims.take({
    incidentId: incident.id,
    targets: [target],
    mode: 'shared',
    waitsForContainments: false,
  });
  const row = await worker.operations.insertPlanned({
    ...key,
    step: 'isolate',
    use: 'kubernetes.scale',
    instance: 'kubernetes',
    input,
    approvalClass: 'R1',
    approvalId: null,
    containment: true,
    generation: incident.generation,
    drill: incident.drill,
    plan,
    planDigest: digestOf(plan),
    leaseUntil: null,
  });
  const objects = (plan.takes ?? []).map((taken) => ({
    ...taken,
    object: `kubernetes/${taken.object}`,
  }));
  const around = { model: 'm', capacity: 10, remaining: 8, instead: null };
  await worker.isolations.reserve(key, { ...around, objects });
  await worker.operations.beginAttempt(row, ['planned'], 'applying');
  await scale.apply(input, plan, contextOf(key));
  const leaseUntil = new Date(Date.now() + 3_600_000).toISOString();
  await worker.operations.move(key, ['applying'], 'verified', { leaseUntil });
  return key;
}

/** The watch is about what was let through before. */
const NO_LIMITS = { targets: 1_000_000, modelPercent: 1_000_000, totalPercent: 1_000_000 };

function depsOf(
  { worker, key }: WatchStores,
  connector: Connector,
  now: () => Date,
): ActivityDependencies {
  const found = { name: 'kubernetes', drill: false, holdMs: 0, connector };
  const unused = (): never => {
    throw new Error('not used by the watch');
  };
  return {
    store: worker,
    connectors: { of: () => ({ find: () => found, named: () => found }) },
    evidenceFiles: { put: unused, get: unused },
    inventory: () => [ENTRY],
    caps: () => ({ ...DEFAULT_CAPS, atOnce: NO_LIMITS, perHour: NO_LIMITS }),
    rules: steadyRules(),
    playbooks: () => [],
    verifySignature: key.verify,
    haltFile: () => Promise.resolve(null),
    serves: new Set(CREDENTIALS),
    startWithinMs: 15_000,
    now,
    newId: (prefix) => `${prefix}_${randomUUID()}`,
    channels: { slack: true, mail: true },
    baseUrl: 'http://127.0.0.1',
    reconcile: unused,
    sync: unused,
  };
}

async function answer(
  { api, key }: WatchStores,
  approval: Approval,
  said: { readonly person: string; readonly kind: 'approve' | 'reject' },
): Promise<void> {
  const { person, kind } = said;
  const who = await api.people.get(person);
  if (!who) throw new Error(`no person ${person}`);
  const { id: approvalId, planDigest, incidentId } = approval;
  const named = { approvalId, planDigest };
  await admitDecision(admissionOver(api, key), {
    decisionId: `dec_${randomUUID()}`,
    command: kind === 'approve' ? { kind, ...named } : { kind, ...named, reason: 'enough' },
    incidentId,
    actor: { person, name: person, roles: who.roles, channel: 'api' },
    caller: { person: who, canApprove: true, scopes: SCOPES },
  });
}

/** Opens a bench with a containment in force. */
export async function openWatchBench(stores: WatchStores): Promise<WatchBench> {
  const twin = await createKubernetesTwin({ namespaces: [NAMESPACE] });
  const cluster = createPlainClient(twin.url);
  await seedServing(cluster);
  const connector = create({ server: twin.url });
  const incidents = createIncidents(stores);
  const incident = await incidents.open({ by: 'linus' });
  const key = await contain(stores, connector, incident);
  const begun = twin.ledger.length;
  let clock = Date.now();
  const deps = depsOf(stores, connector, () => new Date(clock));
  const { worker } = stores;
  const patch = async (path: string): Promise<void> => {
    const { status } = await cluster.patch(path, { spec: { replicas: WANTED } });
    if (status !== 200) throw new Error(`${path}: ${status.toString()}`);
  };
  return {
    ...{ twin, cluster, incident, key, store: worker },
    round: async (afterMs = ROUND_MS) => {
      clock += afterMs;
      await watchContainments(deps, {
        signal: new AbortController().signal,
        heartbeat: () => undefined,
        scheduledAt: new Date(clock),
      });
    },
    row: async () => {
      const row = await worker.operations.find(key);
      if (!row) throw new Error('no row');
      return row;
    },
    facts: () => incidents.facts(incident),
    questions: async () => {
      const filter = { status: null, incidentId: incident.id };
      return (await worker.approvals.list(filter, { cursor: null, limit: 10 })).items;
    },
    messages: () => worker.messages.ofIncident(incident.id),
    answer: (approval, person, kind) => answer(stores, approval, { person, kind }),
    ourWrites: () =>
      twin.ledger
        .slice(begun)
        .filter(({ changed, path }) => changed && path.includes('fieldManager=firebreak')).length,
    bringBack: (manager) => patch(`${DEPLOYMENT}?fieldManager=${manager}`),
    autoscale: () => patch(`${DEPLOYMENT}/scale?fieldManager=kube-controller-manager`),
    close: async () => {
      await worker.claims.release(incident.id);
      await worker.operations.move(key, ['verified', 'unverified', 'applied'], 'void');
      await connector.close();
      await twin.close();
    },
  };
}
