import type { EvaluationContext } from '../domain/evaluation.ts';
import { newFact, type NewFact } from '../domain/fact.ts';
import type { Incident, Outcome } from '../domain/incident.ts';
import type { Json } from '../domain/json.ts';
import type { ReadOperation, StepName } from '../domain/playbook.ts';
import type { Tables } from '../store/tables.ts';
import type { ActivityDependencies, Attempt } from './dependencies.ts';

/** What one look saw. */
export interface Sight {
  readonly outcome: Outcome;
  readonly reason: string | null;
  readonly value: Json;
  readonly facts: readonly NewFact[];
  /** Writes what belongs into the transaction that settles the look, and answers its value and facts. Of a seal only. */
  readonly keep?: (tables: Tables) => Promise<Pick<Sight, 'value' | 'facts'>>;
}

/** One operation about to be looked at, with everything it may read. */
export interface Looking<O extends ReadOperation = ReadOperation> {
  readonly deps: ActivityDependencies;
  readonly attempt: Attempt;
  readonly incident: Incident;
  readonly step: StepName;
  readonly operation: O;
  readonly round: number;
  /** When it was first looked at, RFC 3339. */
  readonly since: string;
  readonly context: EvaluationContext;
}

/** The fact of an operation in its round. */
export function sightFact(
  looking: Looking,
  name: string,
  fact: Pick<NewFact, 'kind' | 'summary' | 'data'>,
): NewFact {
  const { operation, round, step } = looking;
  const key = `operation/${operation.name}/${round.toString()}/${name}`;
  return newFact({ key, step, operation: operation.name, ...fact });
}
