import type { CredentialsApart, WritingCredential } from '../domain/credential.ts';
import type { ClosingVerdict, Outcome } from '../domain/incident.ts';
import type { StepName } from '../domain/playbook.ts';
import type { LeftInPlace } from '../domain/decision.ts';

import type { LoadedIncident, RunReference } from './run-reference.ts';

/** How an operation stands in a round. */
export interface OperationOutcome {
  readonly operation: string;
  readonly round: number;
  readonly outcome: Outcome;
  readonly reason: string | null;
  /** A person went on without it, or without proof of it: the run passes, and its step is no success. */
  readonly passedOver?: boolean;
  /** How long what it changed must hold before it is looked at again, in milliseconds; absent where nothing must. */
  readonly holdMs?: number;
}

/** Input of `look`: neighbouring reads of one step. */
export interface LookInput extends RunReference {
  readonly step: StepName;
  /** In order; it stops behind the first that does not succeed and may not be passed over. */
  readonly operations: readonly {
    readonly name: string;
    readonly round: number;
    /** When it was first looked at: a probe's patience counts from here. */
    readonly since: string;
  }[];
}

/** What `look` settled, and what may hold later. */
export interface LookOutcome {
  readonly settled: readonly OperationOutcome[];
  /** A probe that does not hold yet and may be asked again; null when none. */
  readonly pending: { readonly operation: string; readonly reason: string } | null;
}

/** Input of `act`: one effect operation in one round. */
export interface ActInput extends RunReference {
  readonly step: StepName;
  readonly operation: string;
  readonly round: number;
  /** `run`: plan, apply, verify at once. `apply`: what an approval allowed. */
  readonly stage: 'run' | 'apply';
  readonly approvalId: string | null;
}

/** What stands before an effect that may not go on by itself yet. */
export type EffectFirst =
  /** Somebody must approve it. */
  | { readonly kind: 'approval'; readonly reason: string }
  /** Any responder may veto it until then. */
  | { readonly kind: 'veto'; readonly until: string };

/** How an effect operation ended, or why it could not go on. */
export interface ActOutcome extends OperationOutcome {
  /** What comes first: the round stays open. Absent when nothing does, and in histories before there was any. */
  readonly first?: EffectFirst;
  /** Another incident holds the target: wait visibly and try again. */
  readonly blockedBy: string | null;
  /** The world moved since the plan: plan again in a new round. */
  readonly conflict: boolean;
  /** Must hold for so long before it is read again; 0 when nothing was changed. */
  readonly holdMs: number;
}

/** Operations of a stretch that run side by side: one alone, or the open members of a parallel group. */
export interface Stage {
  readonly operations: readonly { readonly name: string; readonly round: number }[];
  /** True for a group that may fail: what follows runs whatever became of it. */
  readonly goesOn: boolean;
}

/** Input of `runStretch`: neighbouring operations of one step between which nobody decides. */
export interface StretchInput extends RunReference {
  readonly step: StepName;
  /** In order; it stops behind the first stage that does not pass. At most one of them changes anything. */
  readonly stages: readonly Stage[];
}

/** What `runStretch` settled; all else is still open. */
export interface StretchOutcome {
  readonly settled: readonly OperationOutcome[];
  /** Probes that do not hold yet and may be asked again, and since when each was. */
  readonly pending: readonly { readonly operation: string; readonly since: string }[];
}

/** Input of `requestApproval`. */
export interface ApprovalInput extends RunReference {
  readonly step: StepName | null;
  /** The approval operation's name, or `stand-down`. */
  readonly operation: string;
  readonly round: number;
  /** Rounds of the covered operations. */
  readonly rounds: Readonly<Record<string, number>>;
  /** True when the incident is stabilised: nobody is mailed about the question. */
  readonly quiet?: boolean;
}

/** What became of asking: an open approval, nothing to ask, a blocked target, or a failed plan. */
export type ApprovalOutcome =
  | {
      readonly kind: 'open';
      readonly approvalId: string;
      readonly expiresAt: string;
      readonly escalateAfterSeconds: number;
    }
  | { readonly kind: 'nothing-to-ask'; readonly outcome: Outcome; readonly reason: string | null }
  | { readonly kind: 'blocked'; readonly by: string }
  | { readonly kind: 'failed'; readonly outcome: Outcome; readonly reason: string };

/** Which approval is meant. */
export interface ApprovalQuestion extends Pick<
  RunReference,
  'incidentId' | 'generation' | 'heard'
> {
  readonly approvalId: string;
}

/** Where an approval stands. */
export interface ApprovalAnswer {
  readonly status: 'open' | 'approved' | 'rejected' | 'void' | 'expired';
  readonly reason: string | null;
}

/** Input of `voidApproval`. */
export interface VoidApprovalInput extends RunReference {
  readonly approvalId: string;
  readonly status: 'void' | 'expired';
  readonly reason: string;
}

/** Input of `confirmAlert`. */
export interface ConfirmAlertInput extends RunReference {
  readonly round: number;
  /** When it was first asked, RFC 3339: the patience of the confirmation counts from here. */
  readonly since: string;
}

/** How the confirmation ended; null while more probes may hold later. */
export interface ConfirmAlertOutcome {
  readonly settled: OperationOutcome | null;
}

/** Input of `confirmStep`. */
export interface ConfirmInput extends RunReference {
  readonly step: StepName;
  /** Operations that a person went on without: they are not looked at. */
  readonly except?: readonly string[];
}

/** Whether what a step changed still holds after its hold time. */
export interface ConfirmOutcome {
  readonly outcome: Outcome;
  readonly reason: string | null;
  /** The operation that did not hold; null when all did. */
  readonly operation?: string | null;
}

/** Input of `settleByPerson`: a skip or a mark-done with its reason. */
export interface SettleByPersonInput extends RunReference {
  readonly step: StepName;
  readonly operation: string;
  readonly round: number;
  readonly person: string;
  readonly decisionId: string;
  readonly reason: string;
  readonly how: 'skip' | 'mark-done';
}

/** What of a stand-down is left, beginning with effects of one credential. */
export interface StandDownPart {
  readonly credential: WritingCredential;
  /** Effects whose apply began before this number are left; null: all. */
  readonly below: number | null;
  /** What could not be taken back so far. */
  readonly failed: readonly string[];
}

/** Input of `standDown`. */
export interface UndoInput extends RunReference {
  /** The approval of the stand-down. */
  readonly approvalId: string;
  /** Absent: all of it, by a process that has every credential. */
  readonly part?: StandDownPart;
}

/** What a stand-down took back, and what it could not. */
export interface UndoOutcome {
  readonly outcome: Outcome;
  readonly reverted: number;
  readonly failed: readonly string[];
  /** What the other credential has to go on with; absent at the end. */
  readonly rest?: StandDownPart;
}

/** Input of `chooseTargets`: the model that a person picked. */
export interface ChooseTargetsInput extends RunReference {
  readonly model: string;
  readonly person: string;
  readonly reason: string;
  readonly decisionId: string;
}

/** Input of `closeIncident`: verdict, reason and what is left in place. */
export interface CloseInput extends RunReference {
  readonly verdict: ClosingVerdict;
  readonly reason: string;
  readonly person: string;
  readonly decisionId: string;
  readonly leave: readonly LeftInPlace[];
}

/** Whether an incident could be closed, else what stands in the way. */
export type CloseOutcome =
  | { readonly kind: 'closed' }
  | { readonly kind: 'not_drained' }
  | { readonly kind: 'containment_open'; readonly reason: string };

/** Input of `watchContainments`; without it everything is looked at, and written again by what this process may. */
export interface WatchInput {
  /** Only what this credential did. */
  readonly credential?: WritingCredential;
  /** Nobody has these: what would be written again by them is a person's business. */
  readonly unserved?: readonly WritingCredential[];
}

/** How many containments were looked at, and how many had lapsed. */
export interface WatchOutcome {
  readonly looked: number;
  readonly lapsed: number;
  /** Credentials that have to write something again, which this process has not; absent when there are none. */
  readonly elsewhere?: CredentialsApart & { readonly credentials: readonly WritingCredential[] };
}

/** What one round of the sync did. */
export interface SyncOutcome {
  /** Artefacts that were listed, and read where they had changed. */
  readonly artifacts: number;
  /** Findings that were told as alerts. */
  readonly told: number;
  /** Instances that could not be seen whole, each with the reason. */
  readonly problems: readonly string[];
}

/** Every activity of Firebreak; workflows import this type only. */
export interface Activities {
  /** Reads where the incident stands from Postgres alone; pins the playbook; tells people at the first run. */
  loadIncident(input: RunReference): Promise<LoadedIncident>;
  /** Probes, seals, lineage, known-good and gates: they look and change nothing outside. */
  look(input: LookInput): Promise<LookOutcome>;
  /** One effect operation on all its targets: plan, apply, verify, each stage durable. */
  act(input: ActInput): Promise<ActOutcome>;
  /** Both, of one stretch, in one go: what it leaves open is run by the two above. */
  runStretch(input: StretchInput): Promise<StretchOutcome>;
  /** Plans what an approval covers and opens the approval. */
  requestApproval(input: ApprovalInput): Promise<ApprovalOutcome>;
  /** Local: where an approval stands. */
  approvalStatus(input: ApprovalQuestion): Promise<ApprovalAnswer>;
  voidApproval(input: VoidApprovalInput): Promise<void>;
  /** Asks the playbook's own probes whether the alert is right; too few lower the mode to `ask`. */
  confirmAlert(input: ConfirmAlertInput): Promise<ConfirmAlertOutcome>;
  /** Looks again at every effect of a step after its hold time. */
  confirmStep(input: ConfirmInput): Promise<ConfirmOutcome>;
  settleByPerson(input: SettleByPersonInput): Promise<OperationOutcome>;
  /** Runs an approved stand-down, newest first, never stopping at a failure. */
  standDown(input: UndoInput): Promise<UndoOutcome>;
  chooseTargets(input: ChooseTargetsInput): Promise<LoadedIncident>;
  /** Flushes what the workflow carries before a wait or an end. */
  record(input: RunReference): Promise<void>;
  writePostmortem(input: RunReference): Promise<void>;
  closeIncident(input: CloseInput): Promise<CloseOutcome>;
  /** Looks at all containments in force; restores or reports what lapsed. */
  watchContainments(input?: WatchInput): Promise<WatchOutcome>;
  /** Compares open incidents with Temporal and heals what can be healed. */
  reconcile(): Promise<void>;
  /** Looks at every registry and cluster, records what it sees, and tells what is wrong in it as alerts. */
  sync(): Promise<SyncOutcome>;
}
