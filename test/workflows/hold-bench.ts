import { randomUUID } from 'node:crypto';
import { act } from '../../activities/act.ts';
import type { ActivityDependencies, Attempt } from '../../activities/dependencies.ts';
import { requestApproval } from '../../activities/request-approval.ts';
import { standDown } from '../../activities/stand-down.ts';
import { watchContainments } from '../../activities/watch-containments.ts';
import { admitDecision, type AdmissionDependencies } from '../../api/admission.ts';
import type { TestKey } from '../../app/test-key.ts';
import { DEFAULT_CAPS } from '../../domain/cap.ts';
import { CREDENTIALS } from '../../domain/credential.ts';
import type { Destroys } from '../../domain/destruction.ts';
import { AppError } from '../../domain/error.ts';
import type { Incident } from '../../domain/incident.ts';
import { digestOf } from '../../evidence/digest.ts';
import type { Store } from '../../store/tables.ts';
import { unique } from '../harness.ts';
import { steadyRules } from '../steady-rules.ts';
import { op, playbookOf } from './engine-operations.ts';
import { admissionOver } from './engine-people.ts';
import { createWorld, type World } from './world.ts';
import { SCOPES } from '../../domain/scope.ts';

const NO_LIMITS = { targets: 1_000_000, modelPercent: 1_000_000, totalPercent: 1_000_000 };
const playbook = playbookOf({
  isolate: [op.contain('drain', 'canary', 0)],
  revert: [op.approval('approve-revert', [op.set('revert', 'stable', 6)])],
  redeploy: [op.approval('lift', [op.undo('lift-drain', ['drain'])])],
});
const pinned = { playbook, digest: digestOf(playbook) };
const attempt: Attempt = {
  signal: new AbortController().signal,
  heartbeat: () => undefined,
  scheduledAt: new Date(),
};

/** What a bench stands on. */
export interface HoldGround {
  readonly api: Store;
  readonly worker: Store;
  readonly key: TestKey;
  /** What each change of the bench's world destroys. */
  readonly destroys: Destroys;
}

/** One incident about a model of its own, and the hands of engine and people on it. */
export class HoldBench {
  readonly world: World;
  readonly incident: Incident;
  readonly deps: ActivityDependencies;
  /** What it is now, apart from what the database's clock says. */
  now = (): Date => new Date();
  private readonly admission: AdmissionDependencies;
  private readonly api: Store;

  constructor(incident: Incident, { api, worker, key, destroys }: HoldGround) {
    this.incident = incident;
    this.api = api;
    this.admission = admissionOver(api, key, destroys);
    this.world = createWorld({ canary: 1, stable: 7 }, destroys);
    const { connector } = this.world;
    const name = unique('world');
    const found = { name, drill: false, holdMs: 0, connector };
    const named = (wanted: string): typeof found => {
      if (wanted === name) return found;
      throw new AppError('invalid', `No instance ${wanted}.`);
    };
    const unused = (): never => {
      throw new Error('not used here');
    };
    this.deps = {
      store: worker,
      connectors: { of: () => ({ find: () => found, named }) },
      evidenceFiles: { put: unused, get: unused },
      inventory: () => [],
      caps: () => ({ ...DEFAULT_CAPS, atOnce: NO_LIMITS, perHour: NO_LIMITS }),
      rules: steadyRules(),
      playbooks: () => [pinned],
      verifySignature: key.verify,
      haltFile: () => Promise.resolve(null),
      serves: new Set(CREDENTIALS),
      startWithinMs: 15_000,
      now: () => this.now(),
      newId: (prefix) => `${prefix}_${randomUUID()}`,
      channels: { slack: false, mail: true },
      baseUrl: 'http://127.0.0.1',
      reconcile: unused,
      sync: unused,
    };
  }

  private get run() {
    const carried = { facts: [], change: {}, messages: [] };
    return { incidentId: this.incident.id, generation: this.incident.generation, carried };
  }

  act(operation: 'drain' | 'revert' | 'lift-drain', approvalId: string | null = null) {
    const step = ({ drain: 'isolate', revert: 'revert', 'lift-drain': 'redeploy' } as const)[
      operation
    ];
    const stage = approvalId === null ? 'run' : 'apply';
    return act(this.deps, attempt, {
      ...this.run,
      ...{ step, operation, round: 1, stage, approvalId },
    });
  }

  ask(operation: 'approve-revert' | 'lift' | 'stand-down') {
    const step = ({ 'approve-revert': 'revert', lift: 'redeploy', 'stand-down': null } as const)[
      operation
    ];
    return requestApproval(this.deps, attempt, {
      ...this.run,
      step,
      operation,
      round: 1,
      rounds: {},
    });
  }

  async opened(operation: 'approve-revert' | 'lift' | 'stand-down'): Promise<string> {
    const asked = await this.ask(operation);
    if (asked.kind === 'open') return asked.approvalId;
    throw new Error(`nobody was asked: ${JSON.stringify(asked)}`);
  }

  answer(approvalId: string, person: string, kind: 'approve' | 'reject' = 'approve') {
    return this.decide(approvalId, person, { kind });
  }

  /** A yes with the glass broken. */
  answerAlone(approvalId: string, person: string) {
    return this.decide(approvalId, person, { kind: 'approve', alone: 'nobody else is awake' });
  }

  private async decide(
    approvalId: string,
    person: string,
    { kind, alone }: { readonly kind: 'approve' | 'reject'; readonly alone?: string },
  ) {
    const [who, approval] = await Promise.all([
      this.api.people.get(person),
      this.api.approvals.get(approvalId),
    ]);
    if (!who || !approval) throw new Error('there is no such person or approval');
    const { planDigest, incidentId } = approval;
    const named = { approvalId, planDigest };
    return admitDecision(this.admission, {
      decisionId: `dec_${randomUUID()}`,
      command: kind === 'approve' ? { kind, ...named } : { kind, ...named, reason: 'no' },
      incidentId,
      actor: { person, name: person, roles: who.roles, channel: 'api' },
      caller: { person: who, canApprove: true, scopes: SCOPES },
      ...(alone === undefined ? {} : { alone }),
    });
  }

  async approved(operation: 'approve-revert' | 'lift' | 'stand-down'): Promise<string> {
    const approvalId = await this.opened(operation);
    for (const person of ['ada', 'grace']) await this.answer(approvalId, person);
    return approvalId;
  }

  standDown(approvalId: string) {
    return standDown(this.deps, attempt, { ...this.run, approvalId });
  }

  watch() {
    return watchContainments(this.deps, attempt);
  }
}
