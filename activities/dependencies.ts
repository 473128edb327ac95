import type { Role } from '../domain/approval.ts';
import type { Connector } from '../connectors/connector.ts';
import type { Caps } from '../domain/cap.ts';
import type { Credential } from '../domain/credential.ts';
import type { DrillSide } from '../domain/drill.ts';
import type { Mode } from '../domain/incident.ts';
import type { InventoryEntry } from '../domain/inventory.ts';
import type { PinnedPlaybook } from '../domain/playbook.ts';
import type { Store } from '../store/tables.ts';
import type { SyncOutcome } from './activity.ts';

/** A configured connector with its name and how long its effects must hold. */
export interface ConnectorInstance {
  readonly name: string;
  /** True for a sandbox, which drills reach and nothing else does. */
  readonly drill: boolean;
  readonly holdMs: number;
  readonly connector: Connector;
}

/**
 * The configured connectors as one incident reaches them: a drill those of drills, a real one the others. There is no
 * other way to an instance.
 */
export interface ReachableInstances {
  /**
   * The instance that reaches `<connector>.<verb>`: the named one, or the connector's only one in reach. Raises `invalid`
   * when there is none, or several and no name, and `refused` for one that is out of reach.
   */
  find(use: string, instance: string | null): ConnectorInstance;
  /** The instance of that name. Raises `invalid`, and `refused` for one that is out of reach. */
  named(instance: string): ConnectorInstance;
}

/** The configured connectors, behind the wall between drills and what is real. */
export interface ConnectorInstances {
  /** What an incident, or an effect of one, reaches. */
  of(side: DrillSide): ReachableInstances;
}

/** Evidence bytes by digest. */
export interface EvidenceFiles {
  put(bytes: Uint8Array): Promise<{ readonly sha256: string; readonly bytes: number }>;
  get(sha256: string): Promise<Uint8Array>;
}

/** The rules that hold now: the newest state of them that proves itself by signatures. */
export interface RulesInForce {
  /** Number of the revision that is followed; null while none is, and then nothing may be written. */
  number(): number | null;
  /** Looks whether there is a newer revision, follows it when it proves itself, and answers `number()`: one cheap read. */
  follow(): Promise<number | null>;
  /** How far a route goes now: what is gone asks. */
  modeOf(route: string | null): Mode;
  /** True when the rules have, or once had, this playbook (SHA-256, hex). */
  knowsPlaybook(digest: string): Promise<boolean>;
  /** The roles that an active person holds on every one of these targets by the rules now; none for who is in no rules. */
  rolesOn(person: string, targets: readonly string[]): readonly Role[];
}

/** Everything that activities are given; wired in `app/`. */
export interface ActivityDependencies {
  readonly store: Store;
  readonly connectors: ConnectorInstances;
  readonly evidenceFiles: EvidenceFiles;
  /** What runs where, as configured now: for a drill what only drills see, for others what is real. */
  readonly inventory: (side: DrillSide) => readonly InventoryEntry[];
  /** Limits over all incidents; beyond them an effect needs an approval of R2. */
  readonly caps: () => Caps;
  /** Playbooks in force; an incident pins one by digest. */
  readonly playbooks: () => readonly PinnedPlaybook[];
  readonly rules: RulesInForce;
  /** True when the API's key signed this payload: approvals are worth nothing otherwise. */
  readonly verifySignature: (payload: object, signature: string) => boolean;
  /** The reason in the HALT file; null when there is no such file. Raises `refused` when it cannot be read. */
  readonly haltFile: () => Promise<string | null>;
  /** The credentials that this process has: an effect of another one is refused. */
  readonly serves: ReadonlySet<Credential>;
  /** How long an effect may wait for a process that has its credential, in milliseconds. */
  readonly startWithinMs: number;
  readonly now: () => Date;
  readonly newId: (prefix: string) => string;
  /** Which channels exist; messages to others are not written. */
  readonly channels: { readonly slack: boolean; readonly mail: boolean };
  /** Where people find the page and the API. */
  readonly baseUrl: string;
  /** Compares open incidents with Temporal; heals what can be healed. */
  readonly reconcile: () => Promise<void>;
  /** One round of the sync; it ends early, and in order, when the signal says so. */
  readonly sync: (how: Pick<Attempt, 'signal' | 'heartbeat'>) => Promise<SyncOutcome>;
}

/** What an activity needs of the engine that runs it. */
export interface Attempt {
  readonly signal: AbortSignal;
  readonly heartbeat: (detail: string) => void;
  /** When the activity was first scheduled: the same on each attempt. */
  readonly scheduledAt: Date;
}
