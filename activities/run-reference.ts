import type { CredentialsApart } from '../domain/credential.ts';
import type { Decision } from '../domain/decision.ts';
import type { NewFact } from '../domain/fact.ts';
import type { Mode, Phase, Severity } from '../domain/incident.ts';
import type { PinnedPlaybook, StepName } from '../domain/playbook.ts';
import type { OperationOutcome } from './activity.ts';

/** Changes to an incident that are born in the workflow and travel with the next activity. */
export interface CarriedChange {
  readonly state?: 'open' | 'held' | 'stuck';
  readonly stateReason?: string | null;
  readonly owner?: string | null;
  readonly severity?: Severity;
  readonly mode?: Mode;
  readonly phase?: Phase;
  readonly step?: StepName | null;
  readonly paused?: boolean;
  readonly acknowledgedBy?: string;
  readonly containedAt?: string;
  readonly restoredAt?: string;
  readonly stabilisedAt?: string;
}

/** What a person is told by Slack and mail; one per purpose. */
export interface CarriedMessage {
  /** Unique within the incident: `step/isolate`. */
  readonly purpose: string;
  readonly subject: string;
  readonly text: string;
  /** Milestones go to Slack only; opening and closing to mail as well. */
  readonly mail: boolean;
}

/** What was born in the workflow since the last activity: written first, before any outside call. */
export interface Carried {
  readonly facts: readonly NewFact[];
  readonly change: CarriedChange;
  readonly messages: readonly CarriedMessage[];
}

/** An entry of an incident's log. */
export interface LogHead {
  readonly sequence: number;
  readonly hash: string;
}

/** Part of every activity's input. */
export interface RunReference {
  readonly incidentId: string;
  /** The guard refuses a generation that is not the row's. */
  readonly generation: number;
  readonly carried: Carried;
  /** The newest entry of the log that the run was told of: a log without it was put back from a copy. */
  readonly acknowledged?: LogHead;
  /** Decisions that the run was told since its last activity: each must be a stored one. */
  readonly heard?: readonly Decision[];
}

/** Where an incident stands when a run begins. */
export interface LoadedIncident {
  readonly pinned: PinnedPlaybook;
  readonly title: string;
  readonly severity: Severity;
  readonly model: string | null;
  readonly owner: string | null;
  readonly mode: Mode;
  readonly targetsResolved: boolean;
  readonly paused: boolean;
  /** Newest result of each operation: what is settled is passed over. */
  readonly results: readonly OperationOutcome[];
  /** Rounds to begin with, where earlier ones were used before the incident was reopened. */
  readonly rounds: Readonly<Record<string, number>>;
  /** How often the incident was reopened: its steps are told anew each time. */
  readonly reopenings: number;
  /** Keys of facts that are told once and that the log already holds. */
  readonly stepFacts: readonly string[];
  /** True when its effects were taken back (absent in histories before 0.1.0 was complete). */
  readonly stoodDown?: boolean;
  /** True when it is stabilised and did not get worse since: what is left does not page. */
  readonly quiet?: boolean;
  /** Who cancelled it and why, while nobody resumed it since. */
  readonly cancelled?: { readonly reason: string; readonly by: string };
  /** How to call effects; absent where the process that loaded it has every credential. */
  readonly apart?: CredentialsApart;
}
