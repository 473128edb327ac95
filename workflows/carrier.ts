import { ActivityFailure, ApplicationFailure, isCancellation, uuid4 } from '@temporalio/workflow';
import type {
  Carried,
  CarriedChange,
  CarriedMessage,
  LogHead,
  RunReference,
} from '../activities/run-reference.ts';
import type { Decision } from '../domain/decision.ts';
import { newFact, type NewFact } from '../domain/fact.ts';
import type { StepName } from '../domain/playbook.ts';
import { UNSERVED } from './by-credential.ts';

/** A fact as workflow code states it: the carrier adds the key and the time. */
export type BornFact = Omit<Parameters<typeof newFact>[0], 'key'> & { readonly key?: string };

/**
 * What was born in a run and waits to be written: facts, changes of the incident, messages to people. It travels
 * with the next activity, which writes it before anything else.
 */
export class Carrier {
  private readonly run: Omit<RunReference, 'carried'>;
  private facts: readonly NewFact[] = [];
  private change: CarriedChange = {};
  private messages: readonly CarriedMessage[] = [];
  private acknowledged: LogHead | null = null;
  private heard: readonly Decision[] = [];
  /** True once the incident is stabilised: what is left wakes nobody. */
  quiet = false;

  constructor(run: Omit<RunReference, 'carried'>) {
    this.run = run;
  }

  /** States a fact of a step, or of the incident when `step` is null. */
  tell(step: StepName | null, fact: BornFact): void {
    const occurredAt = new Date().toISOString();
    const key = fact.key ?? `run/${uuid4()}`;
    this.facts = [...this.facts, newFact({ occurredAt, step, ...fact, key })];
  }

  /** Changes the incident's row; a later change of the same column wins. */
  set(change: CarriedChange): void {
    this.change = { ...this.change, ...change };
  }

  /** Tells people; the message's row is written with the rest. A quiet incident writes no mail. */
  announce(message: CarriedMessage): void {
    this.messages = [...this.messages, { ...message, mail: message.mail && !this.quiet }];
  }

  /** Remembers a decision as it was told: the next activity looks whether somebody took it. */
  hear(decision: Decision): void {
    this.heard = [...this.heard, decision];
  }

  /** Who asks, and what was heard, for an activity that writes nothing. */
  get asking(): Pick<RunReference, 'incidentId' | 'generation' | 'heard'> {
    const { incidentId, generation } = this.run;
    return { incidentId, generation, ...heardPart(this.heard) };
  }

  /** True while anything waits to be written. */
  get isLaden(): boolean {
    return this.facts.length > 0 || this.messages.length > 0 || Object.keys(this.change).length > 0;
  }

  /** Remembers how far the log had come: activities side by side may answer out of order. */
  private acknowledge(head: LogHead | null): void {
    if (head && head.sequence > (this.acknowledged?.sequence ?? 0)) this.acknowledged = head;
  }

  /** Calls an activity with everything that waits; what a failed call did not take stays for the next. */
  async call<T>(activity: (reference: RunReference) => Promise<T>): Promise<T> {
    const carried: Carried = { facts: this.facts, change: this.change, messages: this.messages };
    this.facts = [];
    this.change = {};
    this.messages = [];
    const { acknowledged, heard } = this;
    this.heard = [];
    try {
      const answer = await activity({
        ...this.run,
        carried,
        ...(acknowledged === null ? {} : { acknowledged }),
        ...heardPart(heard),
      });
      this.acknowledge(headIn(answer));
      return answer;
    } catch (error) {
      this.facts = [...carried.facts, ...this.facts];
      this.change = { ...carried.change, ...this.change };
      this.messages = [...carried.messages, ...this.messages];
      this.heard = [...heard, ...this.heard];
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
      if (isCancellation(error)) throw error;
      if (error instanceof ActivityFailure)
        return { failure: error.cause?.message ?? error.message };
      if (error instanceof ApplicationFailure && error.type === UNSERVED) {
        return { failure: error.message };
      }
      throw error;
    }
  }
}

function heardPart(heard: readonly Decision[]): Pick<RunReference, 'heard'> {
  return heard.length === 0 ? {} : { heard };
}

/** The head of the log in an activity's answer; null in one that tells none. */
function headIn(answer: unknown): LogHead | null {
  if (typeof answer !== 'object' || answer === null || !('head' in answer)) return null;
  const { head } = answer;
  return isHead(head) ? head : null;
}

function isHead(value: unknown): value is LogHead {
  if (typeof value !== 'object' || value === null) return false;
  return 'sequence' in value && 'hash' in value;
}
