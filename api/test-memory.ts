import type { Approval } from '../domain/approval.ts';
import type { BreakGlassKey, ReviewedBreak } from '../domain/break-glass.ts';
import type { Decision } from '../domain/decision.ts';
import { AppError } from '../domain/error.ts';
import type { CustodyEntry, Evidence } from '../domain/evidence.ts';
import type { Fact } from '../domain/fact.ts';
import type { Halt } from '../domain/halt.ts';
import type { Incident } from '../domain/incident.ts';
import type { HoldRelease, LegalHold } from '../domain/legal-hold.ts';
import type { LineageEdge, LineageNode } from '../domain/lineage.ts';
import type { OperationResult, OperationRow } from '../domain/operation.ts';
import type { Message } from '../domain/message.ts';
import type { PinnedPlaybook } from '../domain/playbook.ts';
import type { RefusedAnswer } from '../domain/refused-answer.ts';
import type { Scope } from '../domain/scope.ts';
import type { StakeholderUpdate } from '../domain/stakeholder-update.ts';
import type { Delivery, IncidentChange } from '../store/tables.ts';
import type { Account, PageSession } from '../store/account-table.ts';
import type { PendingSignIn } from '../store/pending-sign-in-table.ts';
import type { Person } from '../store/person-table.ts';

/** What the memory store holds; tests read and fill it directly. */
export interface Memory {
  readonly deliveries: Delivery[];
  readonly incidents: Map<string, Incident>;
  readonly requests: Map<string, string>;
  readonly approvals: Map<string, Approval>;
  readonly decisions: Map<string, Decision>;
  readonly refusedAnswers: RefusedAnswer[];
  readonly glassKeys: BreakGlassKey[];
  /** Ids of keys by the SHA-256 of their secrets. */
  readonly glassSecrets: Map<string, string>;
  readonly glassBreaks: ReviewedBreak[];
  /** Breaks of which people are told again, in order. */
  readonly glassTold: string[];
  readonly operations: OperationRow[];
  readonly results: OperationResult[];
  readonly facts: Fact[];
  readonly evidence: Map<string, Evidence>;
  readonly custody: CustodyEntry[];
  readonly people: Map<string, Person>;
  readonly tokens: Map<
    string,
    {
      readonly personId: string;
      readonly canApprove: boolean;
      readonly scopes: readonly Scope[];
      readonly pendingBy?: string;
    }
  >;
  /** Names of sources by the SHA-256 of their tokens. */
  readonly sourceTokens: Map<string, string>;
  readonly accounts: Map<string, Account>;
  /** By the SHA-256 of their id, with when each was last seen. */
  readonly sessions: Map<string, PageSession & { readonly seenAt: string }>;
  /** By the SHA-256 of what the browser holds. */
  readonly pendingSignIns: Map<string, PendingSignIn>;
  readonly attempts: Map<string, { readonly beganAt: string; readonly attempts: number }>;
  readonly playbooks: Map<string, PinnedPlaybook>;
  readonly nodes: LineageNode[];
  readonly edges: LineageEdge[];
  readonly halts: Halt[];
  readonly legalHolds: LegalHold[];
  readonly messages: Message[];
  readonly words: HoldRelease[];
  readonly updates: StakeholderUpdate[];
  /** Raised by `legalHolds.inForce` while set. */
  holdTrouble: Error | null;
  readonly listeners: Set<(payload: string) => void>;
  /** Raised by `alerts.accept` and `ping` while set. */
  trouble: Error | null;
}

/** An empty memory. */
export function emptyMemory(): Memory {
  return {
    deliveries: [],
    incidents: new Map(),
    requests: new Map(),
    approvals: new Map(),
    decisions: new Map(),
    refusedAnswers: [],
    glassKeys: [],
    glassSecrets: new Map(),
    glassBreaks: [],
    glassTold: [],
    operations: [],
    results: [],
    facts: [],
    evidence: new Map(),
    custody: [],
    people: new Map(),
    tokens: new Map(),
    sourceTokens: new Map(),
    accounts: new Map(),
    sessions: new Map(),
    pendingSignIns: new Map(),
    attempts: new Map(),
    playbooks: new Map(),
    nodes: [],
    edges: [],
    halts: [],
    legalHolds: [],
    messages: [],
    words: [],
    updates: [],
    holdTrouble: null,
    listeners: new Set(),
    trouble: null,
  };
}

/** The incident with some of its columns changed. Raises `not_found`. */
export function changeIncident(memory: Memory, id: string, change: IncidentChange): Incident {
  const incident = memory.incidents.get(id);
  if (!incident) throw new AppError('not_found', 'There is no such incident.');
  const changed = { ...incident, ...change };
  memory.incidents.set(id, changed);
  return changed;
}
