import type { Approval, ApprovalStatus } from '../domain/approval.ts';
import type { AlertReceipt, IncomingAlert, QuarantinedAlert } from '../domain/alert.ts';
import type { Decision } from '../domain/decision.ts';
import type { Fact, NewFact } from '../domain/fact.ts';
import type { Incident } from '../domain/incident.ts';
import type { Json, JsonObject } from '../domain/json.ts';
import type { PinnedPlaybook } from '../domain/playbook.ts';
import type { StormSuspect } from '../domain/storm.ts';
import type { RouteCount } from '../domain/route-report.ts';
import type { AccountTable } from './account-table.ts';
import type { BreakGlassTable } from './break-glass-table.ts';
import type { CalendarTable } from './calendar-table.ts';
import type { EscalationTable } from './escalation-table.ts';
import type { EvidenceTable } from './evidence-table.ts';
import type { IncidentChannelTable } from './incident-channel-table.ts';
import type { ClaimTable } from './claim-table.ts';
import type { IsolationTable } from './isolation-table.ts';
import type { FindingTable, ObservationTable } from './observation-table.ts';
import type { HaltTable } from './halt-table.ts';
import type { LegalHoldTable } from './legal-hold-table.ts';
import type { LineageTable } from './lineage-table.ts';
import type { MessageTable } from './message-table.ts';
import type { OperationTable, ResultTable } from './operation-table.ts';
import type { OutboxTable } from './outbox-table.ts';
import type { PendingSignInTable } from './pending-sign-in-table.ts';
import type { PersonTable } from './person-table.ts';
import type { SelfWatchTable } from './self-watch-table.ts';
import type { RefusedAnswerTable } from './refused-answer-table.ts';
import type { Routing } from './routing.ts';
import type { RuleTable } from './rule-table.ts';
import type { SilenceTable } from './silence-table.ts';
import type { SourceTable } from './source-table.ts';
import type { StakeholderUpdateTable } from './stakeholder-update-table.ts';
import type { StatusCardTable } from './status-card-table.ts';
import type { Foreseen, ForeseenAlert } from './foreseen.ts';

/** A page of a keyset listing; `next` is the cursor of the next page or null. */
export interface Page<T> {
  readonly items: readonly T[];
  readonly next: string | null;
}

/** An incident as it would be opened. */
export type NewIncident = Pick<
  Incident,
  | 'title'
  | 'severity'
  | 'mode'
  | 'drill'
  | 'vetoSeconds'
  | 'route'
  | 'playbookName'
  | 'suspect'
  | 'model'
  | 'targets'
  | 'parameters'
  | 'origin'
  | 'firstAlert'
  | 'onsetAt'
>;

/** One delivery as it is committed: raw bytes, then its alerts with their routing. */
export interface Delivery {
  readonly source: string;
  readonly contentType: string;
  readonly headers: JsonObject;
  readonly raw: Uint8Array;
  readonly receivedAt: string;
  readonly alerts: readonly (
    | { readonly kind: 'alert'; readonly incoming: IncomingAlert; readonly routing: Routing | null }
    | { readonly kind: 'quarantined'; readonly alert: QuarantinedAlert }
  )[];
}

/** What can be done with alert rows. */
export interface AlertTable {
  /**
   * Commits deliveries in one transaction: raw, alerts, dedupe, incident membership, outbox, facts.
   * Answers one receipt per alert, in order, per delivery. A resolved alert without an incident opens none.
   */
  accept(deliveries: readonly Delivery[]): Promise<readonly (readonly AlertReceipt[])[]>;
  /** What `accept` would do with an alert now; reads only. */
  foresee(alert: ForeseenAlert): Promise<Foreseen>;
  /** Alerts of an incident, oldest first, keyset by cursor. */
  ofIncident(incidentId: string, page: PageRequest): Promise<Page<StoredAlert>>;
  /** Of alerts that fire, those of which no delivery has told: by source, fingerprint and start, to the millisecond. */
  missedAmong(alerts: readonly IncomingAlert[]): Promise<readonly IncomingAlert[]>;
  /** Alerts that arrived and have not been counted by the workflow yet; marks them drained. */
  drain(incidentId: string): Promise<{ readonly drained: number; readonly total: number }>;
}

/** An alert as stored. */
export interface StoredAlert {
  readonly id: string;
  readonly incidentId: string | null;
  readonly incoming: IncomingAlert | null;
  readonly problem: string | null;
  readonly receivedAt: string;
}

/** Where a page begins, and how long it is. */
export interface PageRequest {
  readonly cursor: string | null;
  readonly limit: number;
}

/** Columns of an incident that activities may change. */
export type IncidentChange = Partial<
  Pick<
    Incident,
    | 'title'
    | 'state'
    | 'stateReason'
    | 'owner'
    | 'severity'
    | 'mode'
    | 'vetoUntil'
    | 'phase'
    | 'model'
    | 'targets'
    | 'playbookName'
    | 'playbookDigest'
    | 'step'
    | 'paused'
    | 'acknowledgedBy'
    | 'verdict'
    | 'containedAt'
    | 'restoredAt'
    | 'stabilisedAt'
    | 'closedAt'
  >
>;

/** Whose list it is: only what is about these models; null or absent: about any, or none. */
export interface SeenModels {
  readonly models?: readonly string[] | null;
}

/** What can be done with incident rows. */
export interface IncidentTable {
  get(id: string): Promise<Incident | null>;
  /** The incident of this number, by which people call it. */
  byNumber(number: number): Promise<Incident | null>;
  /** Opens by hand: same path as an alert (key, playbook), idempotent by `requestId`. Outbox row and fact included. */
  open(request: {
    readonly requestId: string;
    readonly incidentKey: string;
    readonly incident: NewIncident;
    readonly reopenWindowSeconds: number;
    readonly openedAt: string;
  }): Promise<{ readonly incident: Incident; readonly created: boolean }>;
  list(
    filter: { readonly states: readonly Incident['state'][] | null } & SeenModels,
    page: PageRequest,
  ): Promise<Page<Incident>>;
  /** Locks the row (FOR UPDATE) for the rest of the transaction. Raises `not_found`. */
  lock(id: string): Promise<Incident>;
  change(id: string, change: IncidentChange): Promise<Incident>;
  /** Next generation, if `from` is still current; null when it is not. Writes the outbox row that starts it. */
  nextGeneration(id: string, from: number): Promise<number | null>;
  /** Open incidents (not closed), for the reconciler; at most `limit`. */
  unfinished(limit: number): Promise<readonly Incident[]>;
  /** The distinct suspects that a storm incident collected, in the order of their coming; at most `limit`. */
  suspects(id: string, limit: number): Promise<readonly StormSuspect[]>;
  /** What the incidents opened since a time (RFC 3339) count up to, by route. */
  routeCounts(since: string): Promise<readonly RouteCount[]>;
  /** Stops accepting alerts if nothing is undrained; the transaction of close. */
  stopAccepting(id: string): Promise<'ok' | 'not_drained'>;
}

/** What can be done with approval rows. */
export interface ApprovalTable {
  /** Inserts an open approval; an equal (incident, operation, round) returns the stored one. */
  open(approval: Omit<Approval, 'status' | 'statusReason' | 'settledAt'>): Promise<Approval>;
  get(id: string): Promise<Approval | null>;
  /** Locks the row for admission. Raises `not_found`. */
  lock(id: string): Promise<Approval>;
  /** Settles an open approval; an approved one may still be voided. Null when it was settled otherwise. */
  settle(
    id: string,
    status: Exclude<ApprovalStatus, 'open'>,
    reason: string | null,
  ): Promise<Approval | null>;
  list(
    filter: {
      readonly status: ApprovalStatus | null;
      readonly incidentId: string | null;
    } & SeenModels,
    page: PageRequest,
  ): Promise<Page<Approval>>;
}

/** What can be done with decision rows. */
export interface DecisionTable {
  /** Inserts with its outbox row; the same id with the same command returns the stored one, else raises `conflict`. */
  insert(decision: Omit<Decision, 'outcome' | 'reason'>): Promise<Decision>;
  get(id: string): Promise<Decision | null>;
  settle(id: string, outcome: 'accepted' | 'refused', reason: string | null): Promise<void>;
  ofIncident(incidentId: string): Promise<readonly Decision[]>;
  /** Ids of the incidents about whose clocks something was put on record, newest first; at most `limit`. */
  declaredIncidents(limit: number): Promise<readonly string[]>;
  /**
   * Admitted approvals of this approval id (kind approve), oldest first. Admission is the arbiter: what the workflow
   * answered to the delivery changes nothing.
   */
  approvalsOf(approvalId: string): Promise<readonly Decision[]>;
}

/** What can be done with playbook rows. */
export interface PlaybookTable {
  put(pinned: PinnedPlaybook): Promise<void>;
  get(digest: string): Promise<PinnedPlaybook | null>;
  /** Every digest that is there, at most 10,000. */
  digests(): Promise<readonly string[]>;
}

/** What can be done with fact rows. */
export interface FactTable {
  /**
   * Appends to one incident's chain: the last statement of a transaction, at most once in it.
   * Known keys with an equal body are dropped; a known key with another body raises `internal`.
   * Answers how many were new.
   */
  append(incidentId: string, facts: readonly NewFact[]): Promise<number>;
  page(incidentId: string, after: number, limit: number): Promise<readonly Fact[]>;
  all(incidentId: string): AsyncIterable<Fact>;
  head(incidentId: string): Promise<{ readonly sequence: number; readonly hash: string }>;
  /** Whether the chain has this entry at this place. */
  holds(
    incidentId: string,
    entry: { readonly sequence: number; readonly hash: string },
  ): Promise<boolean>;
}

/** Small named values: the namespace UUID, schema marks, the first start. */
export interface SettingTable {
  get(name: string): Promise<Json>;
  put(name: string, value: Json): Promise<void>;
  /** Writes only when absent; answers the stored value. */
  putIfAbsent(name: string, value: Json): Promise<Json>;
}

/** All tables over one connection or pool. */
export interface Tables {
  readonly alerts: AlertTable;
  readonly incidents: IncidentTable;
  readonly operations: OperationTable;
  readonly isolations: IsolationTable;
  readonly results: ResultTable;
  readonly claims: ClaimTable;
  readonly approvals: ApprovalTable;
  readonly decisions: DecisionTable;
  readonly refusedAnswers: RefusedAnswerTable;
  readonly breakGlass: BreakGlassTable;
  readonly escalations: EscalationTable;
  readonly calendars: CalendarTable;
  readonly playbooks: PlaybookTable;
  readonly evidence: EvidenceTable;
  readonly messages: MessageTable;
  readonly statusCards: StatusCardTable;
  readonly incidentChannels: IncidentChannelTable;
  readonly outbox: OutboxTable;
  readonly lineage: LineageTable;
  readonly facts: FactTable;
  readonly people: PersonTable;
  readonly accounts: AccountTable;
  readonly pendingSignIns: PendingSignInTable;
  readonly sources: SourceTable;
  readonly silences: SilenceTable;
  readonly selfWatch: SelfWatchTable;
  readonly settings: SettingTable;
  readonly observations: ObservationTable;
  readonly findings: FindingTable;
  readonly halts: HaltTable;
  readonly legalHolds: LegalHoldTable;
  readonly updates: StakeholderUpdateTable;
  readonly rules: RuleTable;
}

/** The store: every table on the pool, and transactions over them. */
export interface Store extends Tables {
  /** One transaction; facts, when there are any, are appended last. */
  transaction<T>(work: (tables: Tables) => Promise<T>): Promise<T>;
  /** Reads over one connection: what is started at once is one flight. Nothing can be changed in it as a whole. */
  together<T>(read: (tables: Tables) => Promise<T>): Promise<T>;
  /** Calls `listener` when `channel` is notified (`outbox`, `facts`); resolves to a function that stops it. */
  listen(
    channel: 'outbox' | 'facts',
    listener: (payload: string) => void,
  ): Promise<() => Promise<void>>;
  /** Raises `unavailable` when the database does not answer. */
  ping(): Promise<void>;
  close(): Promise<void>;
}
