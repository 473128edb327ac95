import {
  ApplicationFailure,
  allHandlersFinished,
  condition,
  setCurrentDetails,
  upsertSearchAttributes,
  workflowInfo,
} from '@temporalio/workflow';
import { defineSearchAttributeKey } from '@temporalio/common';
import type { OperationOutcome } from '../activities/activity.ts';
import type { CarriedChange, LoadedIncident } from '../activities/run-reference.ts';
import type { CredentialsApart } from '../domain/credential.ts';
import type { Decision } from '../domain/decision.ts';
import { isWorse, type Severity } from '../domain/incident.ts';
import type { PlaybookOperation, StepName } from '../domain/playbook.ts';
import { Carrier, type BornFact } from './carrier.ts';
import { effectOf } from './command-effect.ts';
import { isDecision, needsWaitingLoop, refusalOf, type RunView } from './decisions.ts';
import type {
  CarriedState,
  DecisionAnswer,
  IncidentInput,
  RunStatus,
  Waiting,
} from './messages.ts';
import { Progress } from './progress.ts';
import { records } from './proxies.ts';

const STATE_ATTRIBUTE = defineSearchAttributeKey('IncidentState', 'KEYWORD');
const SEVERITY_ATTRIBUTE = defineSearchAttributeKey('Severity', 'KEYWORD');

/**
 * One run of an incident: what it has done, what it waits for, what people told it, and what it has to tell
 * Postgres with the next activity.
 */
export class Run {
  readonly input: IncidentInput;
  readonly carrier: Carrier;
  readonly progress: Progress;
  paused: boolean;
  cancelled: { readonly reason: string; readonly by: string } | null = null;
  step: StepName | null = null;
  operation: string | null = null;
  waiting: Waiting | null = null;
  ended = false;
  /** Somebody vetoed: the wait for a veto is over, and people are asked from now on. */
  vetoed = false;
  /** Everything was taken back: nothing may go on from here but the close. */
  stoodDown = false;
  /** Everything is being taken back: nothing is held meanwhile, and a close waits for the end. */
  standingDown = false;
  /** How effects are called; null while every process is taken to have every credential. */
  apart: CredentialsApart | null = null;
  /** Grows with each wake signal. */
  wakeCount = 0;
  /** Counts answers to approvals: a wait on one looks into Postgres when it grows. */
  decidedApprovals = 0;
  readonly endedApprovals = new Set<string>();
  private readonly answers: Map<string, DecisionAnswer>;
  private readonly inbox: Decision[] = [];
  private readonly told = new Set<string>();
  private seenWakes = 0;
  private holdUntil = 0;
  private incident: LoadedIncident | null = null;
  private severity: Severity | null = null;

  constructor(input: IncidentInput) {
    const { incidentId, generation, carried } = input;
    this.input = input;
    this.carrier = new Carrier({ incidentId, generation });
    this.progress = new Progress(carried?.rounds ?? {});
    this.paused = carried?.paused ?? false;
    this.answers = new Map(Object.entries(carried?.decisions ?? {}));
  }

  /** Whether it is paused now: people change that while the run waits. */
  isPaused(): boolean {
    return this.paused;
  }

  /** Whether the credentials are apart as far as is known now: a call may tell. */
  isApart(): boolean {
    return this.apart !== null;
  }

  /** Whether it was closed meanwhile. */
  isEnded(): boolean {
    return this.ended;
  }

  // --- what is known ---------------------------------------------------------------------------

  get isLoaded(): boolean {
    return this.incident !== null;
  }

  get loaded(): LoadedIncident {
    if (!this.incident) throw ApplicationFailure.nonRetryable('incident not loaded', 'internal');
    return this.incident;
  }

  /** Takes in what Postgres says: settled operations are passed over from here on. */
  load(loaded: LoadedIncident): void {
    this.incident = loaded;
    this.paused ||= loaded.paused;
    this.stoodDown ||= loaded.stoodDown === true;
    this.cancelled ??= loaded.cancelled ?? null;
    this.apart = loaded.apart ?? null;
    for (const key of loaded.stepFacts) this.told.add(key);
    this.severity ??= loaded.severity;
    this.carrier.quiet ||= loaded.quiet === true;
    this.progress.load(loaded.rounds, loaded.results);
  }

  /** True in `observe` mode: nothing outside is changed, and nothing that follows from that holds the run. */
  get observing(): boolean {
    return this.loaded.mode === 'observe';
  }

  /** True when the operation needs no person: it succeeded, was passed over, or may fail. */
  passes(operation: PlaybookOperation, outcome: OperationOutcome): boolean {
    if (outcome.outcome === 'succeeded' || outcome.outcome === 'skipped') return true;
    return outcome.passedOver === true || this.observing || operation.onFailure === 'continue';
  }

  // --- hold time of the step ------------------------------------------------------------------

  startHold(): void {
    this.holdUntil = 0;
  }

  /** Notes that an effect must still hold in so many milliseconds. */
  noteHold(milliseconds: number): void {
    if (milliseconds > 0) this.holdUntil = Math.max(this.holdUntil, Date.now() + milliseconds);
  }

  /** How long until every effect of the step has had its hold time; 0 when none asked for one. */
  get holdMs(): number {
    return this.holdUntil === 0 ? 0 : Math.max(this.holdUntil - Date.now(), 1);
  }

  // --- what Postgres has to be told ------------------------------------------------------------

  /** States a fact of the current step; it is written by the next activity, before its outside call. */
  tell(fact: BornFact): void {
    this.carrier.tell(this.step, fact);
  }

  private onceKey(name: string): string {
    const { reopenings } = this.loaded;
    return reopenings === 0 ? name : `${name}/reopened-${reopenings.toString()}`;
  }

  /** Whether a fact that is told once was, in this generation or an earlier one. */
  hasTold(name: string): boolean {
    return this.told.has(this.onceKey(name));
  }

  /** States a fact once over all generations; true when it was not stated before. */
  tellOnce(name: string, fact: BornFact): boolean {
    const key = this.onceKey(name);
    if (this.told.has(key)) return false;
    this.told.add(key);
    this.tell({ ...fact, key });
    return true;
  }

  /** Changes the incident's row, and with it what the stock Temporal page can search for. */
  set(change: CarriedChange): void {
    this.carrier.set(change);
    if (!this.input.searchAttributes) return;
    if (change.state !== undefined) {
      upsertSearchAttributes([{ key: STATE_ATTRIBUTE, value: change.state }]);
    }
    if (change.severity !== undefined) {
      upsertSearchAttributes([{ key: SEVERITY_ATTRIBUTE, value: change.severity }]);
    }
  }

  /** Writes what is waiting, when anything is. */
  async flush(): Promise<void> {
    if (this.carrier.isLaden || this.wakeCount > this.seenWakes) {
      this.seenWakes = this.wakeCount;
      await this.carrier.call((reference) => records.record(reference));
    }
  }

  // --- waiting ---------------------------------------------------------------------------------

  wake(): void {
    this.wakeCount += 1;
  }

  /**
   * Waits until `ready`, a command for the waiting loop, or the deadline; what people change meanwhile is written
   * as it happens. Answers true when `ready` holds.
   */
  async until(ready: () => boolean, timeoutMs: number): Promise<boolean> {
    const deadline = Date.now() + timeoutMs;
    while (!ready()) {
      await this.flush();
      this.show();
      const remaining = deadline - Date.now();
      if (remaining <= 0) return false;
      const hasNews = (): boolean => this.carrier.isLaden || this.wakeCount > this.seenWakes;
      await condition(() => ready() || hasNews(), remaining);
    }
    return true;
  }

  /** The next command for the waiting loop; null at the deadline, or when `stops` before. */
  async nextCommand(timeoutMs: number, stops: () => boolean): Promise<Decision | null> {
    await this.until(() => this.inbox.length > 0 || stops(), timeoutMs);
    return this.inbox.shift() ?? null;
  }

  // --- people ----------------------------------------------------------------------------------

  private view(): RunView {
    const { waiting, paused, ended, stoodDown, standingDown, endedApprovals } = this;
    const cancelled = this.cancelled !== null;
    return { waiting, paused, ended, stoodDown, standingDown, endedApprovals, cancelled };
  }

  /** The update's validator: synchronous, changes nothing. A run that has just begun does not know yet. */
  validate(decision: Decision): void {
    if (!isDecision(decision)) throw ApplicationFailure.nonRetryable('No decision.', 'invalid');
    if (this.incident !== null && !this.answers.has(decision.id)) this.refuse(decision);
  }

  private refuse(decision: Decision): void {
    const refusal = refusalOf(decision.command, this.view());
    if (refusal !== null) throw ApplicationFailure.nonRetryable(refusal, 'refused');
  }

  /** The update's handler: idempotent, answers what was answered before. */
  async decide(decision: Decision): Promise<DecisionAnswer> {
    const earlier = this.answers.get(decision.id);
    if (earlier) return earlier;
    this.carrier.hear(decision);
    if (this.incident === null) {
      await condition(() => this.incident !== null);
      this.refuse(decision);
    }
    if (needsWaitingLoop(decision.command, this.view())) {
      this.inbox.push(decision);
      await condition(() => this.answers.has(decision.id));
    } else {
      this.take(decision);
      this.answers.set(decision.id, { outcome: 'accepted', reason: null });
    }
    return this.answers.get(decision.id) ?? { outcome: 'refused', reason: 'Not taken.' };
  }

  answer(decision: Decision, answer: DecisionAnswer): void {
    this.answers.set(decision.id, answer);
  }

  private take(decision: Decision): void {
    const effect = effectOf(decision);
    if (effect === null) {
      this.decidedApprovals += 1;
      return;
    }
    this.paused = effect.paused ?? this.paused;
    this.cancelled = effect.cancelled ?? this.cancelled;
    this.vetoed ||= effect.vetoed ?? false;
    this.set(effect.change);
    this.noteSeverity(effect.change.severity);
    this.tell({
      actor: decision.actor.person,
      causes: [`decision/${decision.id}`],
      ...effect.fact,
    });
  }

  /** What got worse is no quiet incident any more. */
  private noteSeverity(severity: Severity | undefined): void {
    if (severity === undefined) return;
    if (this.severity === null || isWorse(severity, this.severity)) this.carrier.quiet = false;
    this.severity = severity;
  }

  // --- showing and ending ----------------------------------------------------------------------

  status(): RunStatus {
    const { step, operation, waiting } = this;
    return { step, operation, waiting, outcomes: this.progress.outcomes() };
  }

  /** Keeps the stock Temporal page readable. */
  show(): void {
    const waiting = this.waiting === null ? 'working' : `waiting: ${this.waiting.kind}`;
    setCurrentDetails(`**${this.step ?? 'triage'}** · ${this.operation ?? '–'} · ${waiting}`);
  }

  /** True when the history is long enough for a new run and nobody waits for an answer. */
  get shouldContinueAsNew(): boolean {
    const { historyLength, continueAsNewSuggested } = workflowInfo();
    const long = continueAsNewSuggested || historyLength > this.input.continueAsNewAfterEvents;
    return long && allHandlersFinished() && !this.carrier.isLaden;
  }

  carriedState(): CarriedState {
    return {
      rounds: this.progress.toRounds(),
      decisions: Object.fromEntries(this.answers),
      paused: this.paused,
    };
  }
}
