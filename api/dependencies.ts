import type { FastifyBaseLogger } from 'fastify';
import type { Registry } from 'prom-client';
import type { IncomingAlert, QuarantinedAlert } from '../domain/alert.ts';
import type { BreakGlassSettings } from '../domain/break-glass.ts';
import type { DeclaredWords, RecordedWord } from '../domain/clock-record.ts';
import type { SourceConfiguration } from '../domain/configuration.ts';
import type { Actor } from '../domain/decision.ts';
import type { DrillSide } from '../domain/drill.ts';
import type { ChangeStatus, RuleRevision } from '../domain/rules.ts';
import type { HaltSubject } from '../domain/halt.ts';
import type { HandOperation } from '../domain/hand-plan.ts';
import type { RegimeDraft } from '../domain/first-report.ts';
import type { IncidentClocks } from '../domain/incident-clocks.ts';
import type { Incident } from '../domain/incident.ts';
import type { JsonObject } from '../domain/json.ts';
import type { LineageEdge, LineageNode } from '../domain/lineage.ts';
import type { PinnedPlaybook } from '../domain/playbook.ts';
import type { OnCallAnswer } from '../domain/on-call.ts';
import type { SelfWatchState } from '../domain/self-watch.ts';
import type { Routing } from '../store/routing.ts';
import type { NewIncident, Store } from '../store/tables.ts';
import type { Person } from '../store/person-table.ts';
import type { Holding } from './admission.ts';
import type { Caller } from './auth.ts';
import type { Issuer } from './issuer.ts';
import type { Passwords } from './password.ts';
import type { ChangeView } from './schema/rule.ts';

/** A webhook request as it came in: nothing of it is trusted yet. */
export interface WebhookRequest {
  readonly kind: SourceConfiguration['kind'];
  /** The source that the sender names (`?source=` or the path); null when the credential must tell. */
  readonly source: string | null;
  /** Header names in lower case; a header that came more than once is a list. */
  readonly headers: Readonly<Record<string, string | readonly string[]>>;
  readonly contentType: string;
  readonly raw: Uint8Array;
  readonly receivedAt: Date;
}

/** One element of an envelope, understood or not. */
export type ParsedAlert =
  | { readonly kind: 'alert'; readonly incoming: IncomingAlert }
  | { readonly kind: 'quarantined'; readonly alert: QuarantinedAlert };

/** What intake does for the API: pure functions over what the configuration says. */
export interface Intake {
  /** The source whose credential the request proves, checked over the raw bytes; null otherwise, without a reason. */
  authenticate(request: WebhookRequest): SourceConfiguration | null;
  /** The source of this name; null when none is configured. */
  source(name: string): SourceConfiguration | null;
  /** The envelope's alerts. Raises `invalid` or `too_large` when the envelope itself cannot be read. */
  parse(source: SourceConfiguration, request: WebhookRequest): readonly ParsedAlert[];
  /** True for the alert by which a source says that it is alive: it opens nothing. */
  isWatchdog(source: SourceConfiguration, incoming: IncomingAlert): boolean;
  /** Where an alert belongs; null when no route takes it. */
  route(incoming: IncomingAlert): Routing | null;
}

/** What a person opens by hand, worked out by the same routing as an alert. */
export interface OpenRequest {
  readonly incidentKey: string;
  readonly incident: NewIncident;
  readonly reopenWindowSeconds: number;
}

/** A body as a monitor would send it, to be explained. */
export interface ExplainRequest {
  readonly body: JsonObject;
  /** The source that would send it; null takes it as any Alertmanager's. */
  readonly source: string | null;
  /** True plans the playbook of its first alert as well. */
  readonly withPlan: boolean;
}

/** Which playbook to plan, on what. */
export interface PlanRequest {
  readonly playbook: string;
  /** A stored incident whose targets are taken; null when `text` names the model. */
  readonly incidentId: string | null;
  /** Words as for opening by hand; null when an incident is named. */
  readonly text: string | null;
  readonly parameters: JsonObject;
  readonly actor: Actor;
}

/** What a reload did. When a part needs a restart nothing was changed. */
export interface ReloadReport {
  /** Top-level keys that are in force now. */
  readonly changed: readonly string[];
  readonly needsRestart: readonly string[];
  /** The change of the rules that people are asked about; null when nobody has to be. */
  readonly proposed: string | null;
}

/** A person's answer to a change of the rules. */
export interface ChangeAnswer {
  readonly changeId: string;
  /** Of the rules that the person saw. */
  readonly digest: string;
  readonly verdict: 'approve' | 'reject';
  readonly reason: string | null;
  readonly caller: Caller;
}

/** The rules in force, and changing them. */
export interface RuleDesk {
  /** The revision in force. */
  revision(): RuleRevision;
  /** Changes with what they change, newest first; at most 100. */
  changes(status: ChangeStatus | null): Promise<readonly ChangeView[]>;
  /** Raises `not_found`. */
  change(id: string): Promise<ChangeView>;
  /** Raises `not_found`, `conflict` for what is not open or not what was seen, `unauthorized`. */
  answer(answer: ChangeAnswer): Promise<ChangeView>;
  /** Adds or changes a person at once, where nobody has to be asked; else the change that people are asked about. */
  putPerson(person: Person, by: string): Promise<ChangeView | null>;
}

/** Limits of the server; every field has a default in `API_LIMITS`. */
export interface ApiLimits {
  /** Body of an ordinary request, in bytes. */
  readonly bodyBytes: number;
  /** Body of a webhook or of lineage, in bytes, before anything is parsed. */
  readonly webhookBytes: number;
  readonly batchWaitMs: number;
  readonly batchAlerts: number;
  readonly pendingAlerts: number;
  readonly batchCommits: number;
  /** Event streams open at the same time, over all incidents. */
  readonly streams: number;
  readonly heartbeatMs: number;
  /** A reader that takes nothing for so long is dropped, in milliseconds. */
  readonly streamStallMs: number;
  /** How long an answer waits for a decision's outcome, in milliseconds. */
  readonly decisionWaitMs: number;
  /** Slack gives up after 3 s: by then the person knows at least that we do not know, in milliseconds. */
  readonly slackAckMs: number;
  /** Time for a whole request to arrive, in milliseconds. */
  readonly requestMs: number;
  /** Time for requests under way to end when the server stops, in milliseconds. */
  readonly stopMs: number;
}

/** The defaults of all limits. */
export const API_LIMITS: ApiLimits = {
  bodyBytes: 64 * 1024,
  webhookBytes: 1024 * 1024,
  batchWaitMs: 5,
  batchAlerts: 200,
  pendingAlerts: 20_000,
  batchCommits: 2,
  streams: 500,
  heartbeatMs: 15_000,
  streamStallMs: 30_000,
  decisionWaitMs: 2_000,
  slackAckMs: 2_300,
  requestMs: 30_000,
  stopMs: 10_000,
};

/** Everything that the API is given; it opens, reads and knows nothing else. */
export interface ApiDependencies {
  readonly store: Store;
  readonly intake: Intake;
  /** Nodes and edges that one OpenLineage RunEvent states. Raises `invalid` or `too_large`. */
  readonly lineageOf: (body: Uint8Array) => {
    readonly nodes: readonly LineageNode[];
    readonly edges: readonly LineageEdge[];
  };
  /** One look at registries and clusters, within the time of a request. */
  readonly sync: () => Promise<{
    readonly artifacts: number;
    readonly told: number;
    readonly problems: readonly string[];
  }>;
  /**
   * Routes a person's words to a new incident, or to a drill. Raises `invalid` when no route or playbook takes them, and
   * for a drill where nothing is configured to drill on.
   */
  readonly openRequest: (
    text: string,
    actor: Actor,
    side: DrillSide,
  ) => OpenRequest | Promise<OpenRequest>;
  /** Ed25519 over the canonical JSON of the payload, base64. */
  readonly signer: (payload: object) => string;
  readonly clock: () => Date;
  readonly newId: () => string;
  /** Those in force. */
  readonly playbooks: () => readonly PinnedPlaybook[];
  readonly rules: RuleDesk;
  /** What the engine sees when it watches itself. */
  readonly selfWatch: () => SelfWatchState;
  /** Who is on call by each schedule at a moment, and who is next. */
  readonly onCall: (at: Date) => Promise<readonly OnCallAnswer[]>;
  /** Every effect, target, difference, approval and undo, with zero writes. */
  readonly plan: (request: PlanRequest) => Promise<JsonObject>;
  /** What would become of an alert: duplicate, incident, route, targets, each rule with its reason, and its plan. Writes nothing. */
  readonly explain: (request: ExplainRequest) => Promise<JsonObject>;
  /** Reads the configuration file again and puts it in force, whole or not at all. Raises `invalid`. */
  readonly reload: () => Promise<ReloadReport>;
  /** What is left of an incident's plan, for people's own hands, with zero writes. */
  readonly rest: (incident: Incident) => Promise<readonly HandOperation[]>;
  /** The clocks of regulators and drafts of first reports, from the log and what a person says now. Raises `invalid`. */
  readonly clocks: (
    incident: Incident,
    said: { readonly by: string; readonly words: DeclaredWords },
  ) => Promise<{
    readonly clocks: IncidentClocks;
    readonly drafts: readonly RegimeDraft[];
    readonly record: readonly RecordedWord[];
  }>;
  /** The postmortem as it stands now. Raises `not_found`. */
  readonly postmortem: (
    incidentId: string,
  ) => Promise<{ readonly markdown: string; readonly json: JsonObject }>;
  /** The bytes of a digest. Raises `not_found`, or `unavailable` when the evidence store is down. */
  readonly evidenceBytes: (sha256: string) => Promise<Uint8Array>;
  /** The reason in the HALT file that this process sees; null when there is none. Raises `refused` when it cannot be read. */
  readonly haltFile: () => Promise<string | null>;
  /** Whether anything of this name is configured. */
  readonly knows: (subject: HaltSubject) => boolean;
  readonly holding: Holding;
  /** How long broken glass lasts, and how long its review may take. */
  readonly breakGlass: () => BreakGlassSettings;
  readonly temporalReady: () => Promise<boolean>;
  readonly passwords: Passwords;
  readonly entrance: Entrance;
  /** Certificate and key (PEM) of the server; without them it speaks plain HTTP. */
  readonly tls?: { readonly cert: string; readonly key: string };
  readonly version: string;
  readonly log: FastifyBaseLogger;
  /** Where metrics are registered and read from. */
  readonly metrics: Registry;
  readonly limits?: Partial<ApiLimits>;
  /** Where people sign in besides our own accounts; without it there is nothing at its paths. */
  readonly issuer?: Issuer;
  /** Where Slack's HTTP requests go; without it there is no route for them. */
  readonly slack?: SlackRequests;
}

/** How requests come in. */
export interface Entrance {
  /** True when what comes in was encrypted on its way: cookies are sent on no other. */
  readonly encrypted: boolean;
  /** True when a proxy in front of us says in X-Forwarded-For where a request came from. */
  readonly behindProxy: boolean;
}

/** Takes what Slack sends over HTTP. */
export interface SlackRequests {
  readonly signingSecret: string;
  /** Answers what is acknowledged, null for an empty answer. Raises `not_found` and `unavailable`. */
  readonly deliver: (body: JsonObject) => Promise<string | JsonObject | null>;
}
