import { newFact } from '../domain/fact.ts';
import { keyText, type OperationRow } from '../domain/operation.ts';
import type { ConfirmInput, ConfirmOutcome } from './activity.ts';
import { begin } from './carry.ts';
import type { ActivityDependencies, Attempt } from './dependencies.ts';
import { hasLaterEffect } from './guard.ts';
import { look } from './look-again.ts';

/** After the hold time: looks once more at everything that a step changed and that is still in force. */
export async function confirmStep(
  deps: ActivityDependencies,
  attempt: Attempt,
  input: ConfirmInput,
): Promise<ConfirmOutcome> {
  const incident = await begin(deps, input);
  const all = await deps.store.operations.ofIncident(incident.id);
  const rows = all.filter(
    (row) =>
      row.step === input.step &&
      row.state === 'verified' &&
      !(input.except ?? []).includes(row.operation) &&
      !hasLaterEffect(all, row),
  );
  const lapsed: { readonly row: OperationRow; readonly reason: string; readonly sure: boolean }[] =
    [];
  for (const row of rows) {
    attempt.heartbeat(keyText(row));
    const verdict = await look(deps, attempt, row);
    if (verdict.holds === 'yes') continue;
    lapsed.push({ row, reason: verdict.reason, sure: verdict.holds === 'no' });
  }
  const [first] = lapsed;
  if (!first) {
    await deps.store.facts.append(incident.id, [confirmedFact(input, rows)]);
    return { outcome: 'succeeded', reason: null, operation: null };
  }
  await deps.store.facts.append(
    incident.id,
    lapsed.map(({ row, reason }) =>
      newFact({
        key: `effect/${keyText(row)}/lapsed/${attempt.scheduledAt.toISOString()}`,
        kind: 'containment.lapsed',
        step: input.step,
        operation: row.operation,
        target: row.target,
        summary: `Did not hold: ${reason}`,
        data: { reason },
      }),
    ),
  );
  const outcome = lapsed.some(({ sure }) => sure) ? 'failed' : 'inconclusive';
  const reason = `${first.row.target}: ${first.reason}`;
  return { outcome, reason, operation: first.row.operation };
}

function confirmedFact(
  input: ConfirmInput,
  rows: readonly OperationRow[],
): ReturnType<typeof newFact> {
  return newFact({
    key: `step/${input.step}/confirmed/${rows.map((row) => row.round).join('.')}`,
    kind: 'operation.confirmed',
    step: input.step,
    summary: `Still so after the hold time: ${rows.length.toString()} effects of ${input.step}.`,
    data: { targets: rows.map(({ target, operation }) => ({ target, operation })) },
  });
}
