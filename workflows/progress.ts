import type { OperationOutcome } from '../activities/activity.ts';

/** How far the operations of a run are: the current round of each, its outcome in it, when it was first looked at. */
export class Progress {
  private readonly rounds: Map<string, number>;
  private readonly settled = new Map<string, OperationOutcome>();
  private readonly looks = new Map<string, string>();

  constructor(rounds: Readonly<Record<string, number>>) {
    this.rounds = new Map(Object.entries(rounds));
  }

  /** Takes in what Postgres knows: a settled operation is passed over from here on. */
  load(rounds: Readonly<Record<string, number>>, results: readonly OperationOutcome[]): void {
    for (const [operation, round] of Object.entries(rounds)) {
      this.rounds.set(operation, Math.max(round, this.roundOf(operation)));
    }
    for (const outcome of results) {
      if (outcome.round >= this.roundOf(outcome.operation)) this.settle(outcome);
    }
  }

  /** The current round of an operation; the first is 1. */
  roundOf(operation: string): number {
    return this.rounds.get(operation) ?? 1;
  }

  /** The outcome of an operation in its current round, or undefined while it is open. */
  outcomeOf(operation: string): OperationOutcome | undefined {
    return this.settled.get(operation);
  }

  settle(outcome: OperationOutcome): void {
    this.settled.set(outcome.operation, outcome);
    this.rounds.set(outcome.operation, outcome.round);
  }

  /** Opens an operation again, in a new round. */
  reopen(operation: string): void {
    this.rounds.set(operation, this.roundOf(operation) + 1);
    this.settled.delete(operation);
  }

  /** When an operation was first looked at in its round, RFC 3339: a probe's patience counts from here. */
  lookedSince(operation: string, first = new Date().toISOString()): string {
    const key = `${operation}/${this.roundOf(operation).toString()}`;
    const since = this.looks.get(key) ?? first;
    this.looks.set(key, since);
    return since;
  }

  /** Outcome of each settled operation. */
  outcomes(): Readonly<Record<string, OperationOutcome['outcome']>> {
    return Object.fromEntries([...this.settled].map(([name, { outcome }]) => [name, outcome]));
  }

  /** Rounds by operation, as a continued run begins with. */
  toRounds(): Readonly<Record<string, number>> {
    return Object.fromEntries(this.rounds);
  }
}
