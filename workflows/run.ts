/* eslint-disable max-lines -- one noun; a split would part what changes together. */
import {
  ActivityFailure,
  ApplicationFailure,
  allHandlersFinished,
  condition,
  isCancellation,
  setCurrentDetails,
  upsertSearchAttributes,
  uuid4,
  workflowInfo,
} from '@temporalio/workflow';
import { defineSearchAttributeKey } from '@temporalio/common';
import type {
  Carried,
  CarriedChange,
  CarriedMessage,
  LoadedIncident,
  OperationOutcome,
  RunReference,
} from '../activities/activity.ts';
import type { Decision } from '../domain/decision.ts';
import { newFact, type NewFact } from '../domain/fact.ts';
import type { PlaybookOperation, StepName } from '../domain/playbook.ts';
import { needsWaitingLoop, refusalOf, type RunView } from './decisions.ts';
import type {
  CarriedState,
  DecisionAnswer,
  IncidentInput,
  RunStatus,
  Waiting,
} from './messages.ts';
import { records } from './proxies.ts';

const STATE_ATTRIBUTE = defineSearchAttributeKey('IncidentState', 'KEYWORD');
const SEVERITY_ATTRIBUTE = defineSearchAttributeKey('Severity', 'KEYWORD');

/** A fact as workflow code states it: the run adds the key and the time. */
export type BornFact = Omit<Parameters<typeof newFact>[0], 'key'> & { readonly key?: string };

/**
 * One run of an incident: what it has done, what it waits for, what people told it, and what it has to tell
 * Postgres with the next activity.
 */
export class Run {
  readonly input: IncidentInput;
  paused: boolean;
  cancelled: { readonly reason: string; readonly by: string } | null = null;
  step: StepName | null = null;
  operation: string | null = null;
  waiting: Waiting | null = null;
  ended = false;
  private readonly outcomes = new Map<string, OperationOutcome>();
  private readonly rounds: Map<string, number>;
  private readonly answers: Map<string, DecisionAnswer>;
  private readonly inbox: Decision[] = [];
  private readonly stepFacts = new Set<string>();
  private readonly looks = new Map<string, string>();
  private facts: NewFact[] = [];
  private change: CarriedChange = {};
  private messages: CarriedMessage[] = [];
  /** Grows with each wake signal. */
  wakeCount = 0;
  readonly settledApprovals = new Set<string>();
  private seenWakes = 0;
  private incident: LoadedIncident | null = null;

  constructor(input: IncidentInput) {
    this.input = input;
    this.paused = input.carried?.paused ?? false;
    this.rounds = new Map(Object.entries(input.carried?.rounds ?? {}));
    this.answers = new Map(Object.entries(input.carried?.decisions ?? {}));
  }

  /** Whether it is paused now: people change that while the run waits. */
  isPaused(): boolean {
    return this.paused;
  }

  /** Whether it was closed meanwhile. */
  isEnded(): boolean {
    return this.ended;
  }

  // --- what is known ---------------------------------------------------------------------------

  get loaded(): LoadedIncident {
    if (!this.incident) throw ApplicationFailure.nonRetryable('incident not loaded', 'internal');
    return this.incident;
  }

  /** Takes in what Postgres says: settled operations are passed over from here on. */
  load(loaded: LoadedIncident): void {
    this.incident = loaded;
    this.paused ||= loaded.paused;
    for (const key of loaded.stepFacts) this.stepFacts.add(key);
    for (const [operation, round] of Object.entries(loaded.rounds)) {
      this.rounds.set(operation, Math.max(round, this.roundOf(operation)));
    }
    for (const outcome of loaded.results) {
      if (outcome.round >= this.roundOf(outcome.operation)) this.settle(outcome);
    }
  }

  /** True in `observe` mode: nothing outside is changed, and nothing that follows from that holds the run. */
  get observing(): boolean {
    return this.loaded.mode === 'observe';
  }

  roundOf(operation: string): number {
    return this.rounds.get(operation) ?? 1;
  }

  /** The outcome of this operation in its current round, or undefined while it is open. */
  outcomeOf(operation: string): OperationOutcome | undefined {
    return this.outcomes.get(operation);
  }

  settle(outcome: OperationOutcome): void {
    this.outcomes.set(outcome.operation, outcome);
    this.rounds.set(outcome.operation, outcome.round);
  }

  /** When this operation was first looked at in this run, RFC 3339: a probe's patience counts from here. */
  lookedSince(operation: string): string {
    const key = `${operation}/${this.roundOf(operation).toString()}`;
    const since = this.looks.get(key) ?? new Date().toISOString();
    this.looks.set(key, since);
    return since;
  }

  /** Opens the operation again in a new round. */
  reopen(operation: string): void {
    this.rounds.set(operation, this.roundOf(operation) + 1);
    this.outcomes.delete(operation);
  }

  /** True when the operation needs no person: it succeeded, was passed over, or may fail. */
  passes(operation: PlaybookOperation, outcome: OperationOutcome): boolean {
    if (outcome.outcome === 'succeeded' || outcome.outcome === 'skipped') return true;
    return this.observing || operation.onFailure === 'continue';
  }

  // --- hold time of the step ------------------------------------------------------------------

  private holdUntil = 0;

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

  /** States a fact; it is written by the next activity, before its outside call. */
  tell(fact: BornFact): void {
    this.facts.push(
      newFact({
        occurredAt: new Date().toISOString(),
        step: this.step,
        ...fact,
        key: fact.key ?? `run/${uuid4()}`,
      }),
    );
  }

  /** States a fact of a step once over all generations. */
  tellOnce(name: string, fact: BornFact): void {
    const { reopenings } = this.loaded;
    const key = reopenings === 0 ? name : `${name}/reopened-${reopenings.toString()}`;
    if (this.stepFacts.has(key)) return;
    this.stepFacts.add(key);
    this.tell({ ...fact, key });
  }

  set(change: CarriedChange): void {
    this.change = { ...this.change, ...change };
    if (this.input.searchAttributes && change.state !== undefined) {
      upsertSearchAttributes([{ key: STATE_ATTRIBUTE, value: change.state }]);
    }
    if (this.input.searchAttributes && change.severity !== undefined) {
      upsertSearchAttributes([{ key: SEVERITY_ATTRIBUTE, value: change.severity }]);
    }
  }

  announce(message: CarriedMessage): void {
    this.messages.push(message);
  }

  /** Calls an activity with everything that is waiting to be written; what was not taken stays. */
  async call<T>(activity: (reference: RunReference) => Promise<T>): Promise<T> {
    const carried: Carried = { facts: this.facts, change: this.change, messages: this.messages };
    this.facts = [];
    this.change = {};
    this.messages = [];
    const { incidentId, generation } = this.input;
    try {
      return await activity({ incidentId, generation, carried });
    } catch (error) {
      this.facts = [...carried.facts, ...this.facts];
      this.change = { ...carried.change, ...this.change };
      this.messages = [...carried.messages, ...this.messages];
      throw error;
    }
  }

  /**
   * As `call`, but what failed for good is answered as a reason: an operation that could not be carried out is a
   * person's business, not the end of the run.
   */
  async attempt<T>(
    activity: (reference: RunReference) => Promise<T>,
  ): Promise<{ readonly value: T } | { readonly failure: string }> {
    try {
      return { value: await this.call(activity) };
    } catch (error) {
      if (isCancellation(error) || !(error instanceof ActivityFailure)) throw error;
      return { failure: error.cause?.message ?? error.message };
    }
  }

  get hasNews(): boolean {
    return this.facts.length > 0 || this.messages.length > 0 || Object.keys(this.change).length > 0;
  }

  /** Writes what is waiting, when anything is. */
  async flush(): Promise<void> {
    if (this.hasNews || this.wakeCount > this.seenWakes) {
      this.seenWakes = this.wakeCount;
      await this.call((reference) => records.record(reference));
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
      await condition(() => ready() || this.hasNews || this.wakeCount > this.seenWakes, remaining);
    }
    return true;
  }

  /** The next command for the waiting loop, or null at the deadline. */
  async nextCommand(timeoutMs: number): Promise<Decision | null> {
    await this.until(() => this.inbox.length > 0, timeoutMs);
    return this.inbox.shift() ?? null;
  }

  // --- people ----------------------------------------------------------------------------------

  private view(): RunView {
    const { waiting, paused, ended, settledApprovals } = this;
    return { waiting, paused, ended, settledApprovals, cancelled: this.cancelled !== null };
  }

  /** The update's validator: synchronous, changes nothing. */
  validate(decision: Decision): void {
    if (this.answers.has(decision.id)) return;
    const refusal = refusalOf(decision.command, this.view());
    if (refusal !== null) throw ApplicationFailure.nonRetryable(refusal, 'refused');
  }

  /** The update's handler: idempotent, answers what was answered before. */
  async decide(decision: Decision): Promise<DecisionAnswer> {
    const earlier = this.answers.get(decision.id);
    if (earlier) return earlier;
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
    const { command, actor } = decision;
    const by = { actor: actor.person, causes: [`decision/${decision.id}`] };
    switch (command.kind) {
      case 'pause':
        this.paused = true;
        this.set({ paused: true });
        this.tell({
          ...by,
          kind: 'incident.paused',
          summary: `${actor.name} paused the incident: ${command.reason}`,
        });
        return;
      case 'resume':
        this.paused = false;
        this.set({ paused: false });
        this.tell({
          ...by,
          kind: 'incident.unpaused',
          summary: `${actor.name} resumed the incident.`,
        });
        return;
      case 'cancel':
        this.cancelled = { reason: command.reason, by: actor.person };
        this.tell({
          ...by,
          kind: 'incident.cancelled',
          summary: `${actor.name} cancelled the incident: ${command.reason}`,
        });
        return;
      case 'hand-over':
        this.set({ owner: command.to });
        this.tell({
          ...by,
          kind: 'incident.handed-over',
          summary: `${actor.name} handed the incident over to ${command.to}.`,
          data: { to: command.to },
        });
        return;
      case 'severity':
        this.set({ severity: command.severity });
        this.tell({
          ...by,
          kind: 'incident.severity-set',
          summary: `${actor.name} set the severity to ${command.severity}: ${command.reason}`,
          data: { severity: command.severity },
        });
        return;
      case 'acknowledge':
        this.set({ acknowledgedBy: actor.person, owner: actor.person });
        this.tell({
          ...by,
          kind: 'incident.acknowledged',
          summary: `${actor.name} acknowledged the incident.`,
        });
        return;
      default:
        // Approvals only wake: Postgres is the arbiter. The rest goes through the waiting loop.
        this.decidedApprovals += 1;
    }
  }

  /** Counts answers to approvals: a wait on one looks into Postgres when it grows. */
  decidedApprovals = 0;

  // --- showing and ending ----------------------------------------------------------------------

  status(): RunStatus {
    const outcomes = Object.fromEntries(
      [...this.outcomes].map(([name, { outcome }]) => [name, outcome]),
    );
    return { step: this.step, operation: this.operation, waiting: this.waiting, outcomes };
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
    return long && allHandlersFinished() && !this.hasNews;
  }

  carriedState(): CarriedState {
    return {
      rounds: Object.fromEntries(this.rounds),
      decisions: Object.fromEntries(this.answers),
      paused: this.paused,
    };
  }
}
