import { defineQuery, defineSignal, defineUpdate } from '@temporalio/workflow';
import type { Decision } from '../domain/decision.ts';
import type { Outcome } from '../domain/incident.ts';
import type { StepName } from '../domain/playbook.ts';

/** Name of the incident workflow's type. */
export const INCIDENT_WORKFLOW = 'incident';
/** Name of the containment watch's type, run by a schedule. */
export const WATCH_WORKFLOW = 'containmentWatch';
/** Name of the sync's type, run by a schedule. */
export const SYNC_WORKFLOW = 'sync';
/** Name of the reconcile workflow's type, run by a schedule. */
export const RECONCILE_WORKFLOW = 'reconcile';

/** Input of one generation of an incident. */
export interface IncidentInput {
  readonly incidentId: string;
  readonly generation: number;
  /** History events after which the run continues as new, between operations. */
  readonly continueAsNewAfterEvents: number;
  /** False on a server where our search attributes are not registered. */
  readonly searchAttributes: boolean;
  /** What a continued run carries; null at the start of a generation. */
  readonly carried: CarriedState | null;
  /**
   * True where the run loads inside its first workflow task and takes stretches for granted. Absent in histories that
   * began with an activity for the one and a patch for the other: they go on with both.
   */
  readonly lean?: true;
}

/** Carried over continue-as-new: everything else is read from Postgres. */
export interface CarriedState {
  /** Rounds that are not 1, by operation. */
  readonly rounds: Readonly<Record<string, number>>;
  /** Decision ids already taken, with what was answered. */
  readonly decisions: Readonly<Record<string, DecisionAnswer>>;
  readonly paused: boolean;
}

/** What the workflow answers to a decision. */
export interface DecisionAnswer {
  readonly outcome: 'accepted' | 'refused';
  readonly reason: string | null;
}

/** Why a run is not moving, for status. */
export type Waiting =
  | { readonly kind: 'approval'; readonly approvalId: string; readonly operation: string }
  | { readonly kind: 'held'; readonly operation: string | null; readonly reason: string }
  | { readonly kind: 'paused' }
  | { readonly kind: 'claim'; readonly operation: string; readonly by: string }
  | { readonly kind: 'veto'; readonly operation: string; readonly until: string }
  | { readonly kind: 'targets' }
  | { readonly kind: 'timer'; readonly operation: string }
  | { readonly kind: 'close' };

/** Answer of the status query; the page reads Postgres, this is for the stock Temporal UI. */
export interface RunStatus {
  readonly step: StepName | null;
  readonly operation: string | null;
  readonly waiting: Waiting | null;
  readonly outcomes: Readonly<Record<string, Outcome>>;
}

/** Something changed in Postgres: look there. Sent at most once a second per incident. */
export const wakeSignal = defineSignal('wake');
/** A person's decision, already admitted and stored; the update id is the decision id. */
export const decideUpdate = defineUpdate<DecisionAnswer, [Decision]>('decide');
/** Where a run stands, for the stock Temporal page. */
export const statusQuery = defineQuery<RunStatus>('status');
