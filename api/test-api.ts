import { pino } from 'pino';
import { Registry } from 'prom-client';
import type { Approval, Role } from '../domain/approval.ts';
import { DEFAULT_BREAK_GLASS } from '../domain/break-glass.ts';
import type { SourceConfiguration } from '../domain/configuration.ts';
import type { Incident } from '../domain/incident.ts';
import { answerAt, type OnCallSchedule } from '../domain/on-call.ts';
import type { Fact } from '../domain/fact.ts';
import type { OperationRow } from '../domain/operation.ts';
import { openedIncident } from '../domain/sample-incident.ts';
import { SCOPES, type Scope } from '../domain/scope.ts';
import { digestOf, sha256Hex } from '../evidence/digest.ts';
import type { ApiDependencies, Intake } from './dependencies.ts';
import { createPasswords } from './password.ts';
import { createApi } from './server.ts';
import { emptyMemory, type Memory } from './test-memory.ts';
import { setUpDesk } from './test-desk.ts';
import { createMemoryStore } from './test-store.ts';

/** The moment at which every test of the API happens. */
export const NOW = '2026-11-23T10:00:00.000Z';

/** An incident as it is shortly after opening. */
export const INCIDENT: Incident = {
  ...openedIncident,
  key: 'key',
  title: 'fraud-scorer answers strangely',
  route: 'models',
  playbookName: 'poisoned-data',
  model: 'fraud-scorer',
  targets: { status: 'resolved', entry: null, candidates: [], steps: [] },
  step: 'isolate',
};

/** An effect of `INCIDENT` that was verified. */
export const ROW: OperationRow = {
  incidentId: 'inc_1',
  operation: 'scale-canary',
  target: 'kubernetes/Deployment/ml/fraud-canary',
  round: 1,
  step: 'isolate',
  use: 'kubernetes.scale',
  instance: 'kubernetes',
  input: {},
  approvalClass: 'R1',
  approvalId: null,
  containment: true,
  state: 'verified',
  fence: 1,
  generation: 1,
  plan: {
    summary: 'Scale to 0',
    targets: ['Deployment/ml/fraud-canary'],
    before: { replicas: 2 },
    after: { replicas: 0 },
    token: '7',
    undo: 'Scale to 2',
  },
  planDigest: 'd'.repeat(64),
  receipt: { externalId: 'x', origin: 'ours' },
  verdict: { holds: 'yes' },
  reason: null,
  applySequence: 1,
  superseded: false,
  leaseUntil: null,
  restores: 0,
  movedBy: null,
  leftOwner: null,
  leftUntil: null,
  drill: false,
};

/** The digest of the plans of `APPROVAL`. */
export const PLAN_DIGEST = digestOf(['plans']);

/** An open approval of class R3: two people, one of each approver role. */
export const APPROVAL: Approval = {
  id: 'apr_1',
  incidentId: 'inc_1',
  operation: 'approve-revert',
  round: 1,
  title: 'Go back to version 6',
  approvalClass: 'R3',
  quorum: { people: 2, roles: ['approver-model-owner', 'approver-security'] },
  plans: [],
  planDigest: PLAN_DIGEST,
  status: 'open',
  statusReason: null,
  requestedBy: null,
  createdAt: NOW,
  expiresAt: '2026-11-23T11:00:00.000Z',
  settledAt: null,
};

/** Sam and then somebody whom nobody knows take turns of a day. */
const ON_CALL: OnCallSchedule = {
  name: 'ml',
  rotation: { timeZone: 'UTC', startsAt: '2026-11-23T00:00', everyDays: 1, people: ['sam', 'x'] },
  overrides: [],
};

/** The fact of that sequence. */
export function factOf(sequence: number): Fact {
  return {
    incidentId: 'inc_1',
    sequence,
    key: `note/${sequence.toString()}`,
    kind: 'incident.note',
    occurredAt: null,
    recordedAt: NOW,
    actor: 'engine',
    step: null,
    operation: null,
    target: null,
    summary: `Fact\nid: 99\n ${sequence.toString()}`,
    data: {},
    causes: [],
    previousHash: '00',
    hash: '01',
  };
}

/** One person for each role; the id is the role, the token `fb_<role>`. */
const ROLES: readonly Role[] = [
  'viewer',
  'responder',
  'commander',
  'approver-security',
  'approver-model-owner',
  'legal',
  'admin',
];

/** Adds a person and a token `fb_<id>` for everything. */
export function addPerson(memory: Memory, id: string, roles: readonly Role[]): void {
  memory.people.set(id, { id, name: id, roles, slackUser: null, mail: null, active: true });
  const canApprove = !roles.includes('admin');
  memory.tokens.set(sha256Hex(`fb_${id}`), { personId: id, canApprove, scopes: SCOPES });
}

/** Leaves of what the token `fb_<id>` is for only this. */
export function limitToken(memory: Memory, id: string, scopes: readonly Scope[]): void {
  const sha256 = sha256Hex(`fb_${id}`);
  const token = memory.tokens.get(sha256);
  if (token !== undefined) memory.tokens.set(sha256, { ...token, scopes });
}

/** The headers of a person. */
export function as(person: string): { readonly authorization: string } {
  return { authorization: `Bearer fb_${person}` };
}

/** The one source of a test. */
const MONITOR: SourceConfiguration = {
  name: 'monitor',
  kind: 'alertmanager',
  authentication: { kind: 'bearer', tokenSha256: [sha256Hex('good')] },
  mapping: null,
  ignoreLabels: [],
};

/** An intake of which nothing is expected: every credential `good` is taken, every body is one alert. */
export const PLAIN_INTAKE: Intake = {
  authenticate: ({ headers, kind }) =>
    headers['authorization'] === 'Bearer good' ? { ...MONITOR, kind } : null,
  source: (name) => (name === MONITOR.name ? MONITOR : null),
  parse: (source, { raw }) => [
    {
      kind: 'quarantined',
      alert: { source: source.name, dedupeKey: sha256Hex(raw), problem: 'kept', field: null },
    },
  ],
  isWatchdog: () => false,
  route: () => null,
};

/** A server over memory, with whatever of its dependencies a test replaces. */
export function createTestApi(change: Partial<ApiDependencies> = {}) {
  const memory = emptyMemory();
  for (const role of ROLES) addPerson(memory, role, [role]);
  memory.incidents.set(INCIDENT.id, INCIDENT);
  memory.approvals.set(APPROVAL.id, APPROVAL);
  let ids = 0;
  const dependencies: ApiDependencies = {
    store: createMemoryStore(memory),
    intake: PLAIN_INTAKE,
    lineageOf: () => ({ nodes: [], edges: [] }),
    sync: () => Promise.resolve({ artifacts: 2, told: 0, problems: [] }),
    openRequest: (text, actor, { drill }) => ({
      incidentKey: text,
      incident: {
        ...INCIDENT,
        title: text,
        drill,
        origin: { kind: 'person', by: actor.person, channel: actor.channel },
      },
      reopenWindowSeconds: 0,
    }),
    signer: (payload) => digestOf(payload),
    clock: () => new Date(NOW),
    newId: () => `id${(ids += 1).toString()}`,
    selfWatch: () => ({
      ...{ selfCheck: null, watchdogs: [], alertmanagers: [] },
      ...{ overdueReviews: [], calendars: [] },
    }),
    onCall: (at) => Promise.resolve([answerAt(ON_CALL, at.getTime())]),
    playbooks: () => [],
    rules: setUpDesk(memory),
    plan: () => Promise.resolve({ effects: [] }),
    rest: () => Promise.resolve([]),
    clocks: () =>
      Promise.resolve({
        clocks: { asOf: NOW, facts: [], moments: [], regimes: [] },
        drafts: [],
        record: [],
      }),
    explain: () => Promise.resolve({ routes: [] }),
    reload: () => Promise.resolve({ changed: ['routes'], needsRestart: [], proposed: null }),
    postmortem: () => Promise.resolve({ markdown: '# Postmortem', json: { title: 'x' } }),
    evidenceBytes: () => Promise.resolve(new Uint8Array([1, 2, 3])),
    haltFile: () => Promise.resolve(null),
    knows: () => true,
    holding: { destroys: () => 'nothing', inventory: () => [], written: () => [] },
    breakGlass: () => DEFAULT_BREAK_GLASS,
    temporalReady: () => Promise.resolve(true),
    passwords: createPasswords(16),
    entrance: { encrypted: false, behindProxy: false },
    version: '0.0.0',
    log: pino({ level: 'silent' }),
    metrics: new Registry(),
    limits: { decisionWaitMs: 0, heartbeatMs: 50, batchWaitMs: 1 },
    ...change,
  };
  return { app: createApi(dependencies), memory, dependencies };
}
