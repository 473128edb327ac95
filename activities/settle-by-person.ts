import { newFact } from '../domain/fact.ts';
import { keyText, PASSED_OVER, type OperationRow } from '../domain/operation.ts';
import type { OperationOutcome, SettleByPersonInput } from './activity.ts';
import { begin } from './carry.ts';
import type { ActivityDependencies, Attempt } from './dependencies.ts';
import { look } from './look-again.ts';
import { outcomeOf } from './results.ts';

/**
 * A person passes over an operation, or says that it is done: `mark-done` is verified by looking where there is
 * something to look at, else recorded as unverified; either way under the person's name.
 */
export async function settleByPerson(
  deps: ActivityDependencies,
  attempt: Attempt,
  input: SettleByPersonInput,
): Promise<OperationOutcome> {
  const incident = await begin(deps, input);
  const rows = (await deps.store.operations.ofIncident(incident.id)).filter(
    (row) => row.operation === input.operation && row.state !== 'void' && row.state !== 'refused',
  );
  const verified = input.how === 'mark-done' && (await allHold(deps, attempt, rows));
  const round = input.round + 1;
  const word =
    input.how === 'skip'
      ? 'skipped'
      : verified
        ? 'marked done, verified'
        : 'marked done, unverified';
  const stored = await deps.store.results.put(
    {
      incidentId: incident.id,
      step: input.step,
      operation: input.operation,
      round,
      outcome: input.how === 'skip' ? 'skipped' : verified ? 'succeeded' : 'inconclusive',
      reason: `${word} by ${input.person}: ${input.reason}`,
      value: { by: input.person, how: input.how, [PASSED_OVER]: !verified, targets: [] },
      startedAt: attempt.scheduledAt.toISOString(),
      settledAt: deps.now().toISOString(),
    },
    [
      newFact({
        key: `operation/${input.operation}/${round.toString()}/${input.how}/${input.decisionId}`,
        kind: input.how === 'skip' ? 'operation.skipped' : 'operation.marked-done',
        actor: input.person,
        step: input.step,
        operation: input.operation,
        summary: `${input.operation} ${word} by ${input.person}: ${input.reason}`,
        data: { verified, rows: rows.map((row) => keyText(row)) },
        causes: [`decision/${input.decisionId}`],
      }),
    ],
  );
  return outcomeOf(stored);
}

async function allHold(
  deps: ActivityDependencies,
  attempt: Attempt,
  rows: readonly OperationRow[],
): Promise<boolean> {
  for (const row of rows) {
    const verdict = await look(deps, attempt, row);
    if (verdict.holds !== 'yes') return false;
  }
  return rows.length > 0;
}
