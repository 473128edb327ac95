import { z } from 'zod';
import type { NewFact } from '../domain/fact.ts';
import type { OperationResult } from '../domain/operation.ts';
import { STEP_NAMES } from '../domain/playbook.ts';
import { encodeFacts } from './append.ts';
import { document, timestamp } from './column.ts';
import { firstRow, requireRow } from './connection.ts';
import type { Connection } from './connection.ts';
import type { ResultTable } from './operation-table.ts';

const RESULTS_MAX = 10_000;

const COLUMNS = `incident_id as "incidentId", step, operation, round, outcome, reason, value,
  started_at as "startedAt", settled_at as "settledAt"`;

/** The columns that a result is written to. */
export const RESULT_COLUMNS = `incident_id, step, operation, round, outcome, reason, value, started_at, settled_at`;
/** The types of `RESULT_COLUMNS`. */
export const RESULT_TYPES = [
  'text',
  'text',
  'text',
  'integer',
  'text',
  'text',
  'json',
  'timestamptz',
  'timestamptz',
] as const;

/** What a result puts into `RESULT_COLUMNS`. */
export function resultValues(result: OperationResult): readonly unknown[] {
  return [
    result.incidentId,
    result.step,
    result.operation,
    result.round,
    result.outcome,
    result.reason,
    JSON.stringify(result.value),
    result.startedAt,
    result.settledAt,
  ];
}

const PUT = {
  name: 'result-put',
  text: `insert into firebreak.operation_result (${RESULT_COLUMNS})
    values ($1, $2, $3, $4, $5, $6, $7, $8, $9) on conflict do nothing returning ${COLUMNS}`,
};

/** A result that is there already adds no fact. The log's head is locked last, as everywhere. */
const SETTLE = {
  name: 'result-settle',
  text: `with stored as (
      insert into firebreak.operation_result (${RESULT_COLUMNS})
      values ($1, $2, $3, $4, $5, $6, $7, $8, $9) on conflict do nothing returning ${COLUMNS}
    ),
    told as (
      select count(*) from stored s,
        lateral firebreak.append_facts(s."incidentId", $10::text[], $11::text[], $12::bytea[])
    )
    select stored.* from stored, told`,
};

const GET = {
  name: 'result-get',
  text: `select ${COLUMNS} from firebreak.operation_result
    where incident_id = $1 and operation = $2 and round = $3`,
};

const OF_INCIDENT = {
  name: 'result-of-incident',
  text: `select distinct on (operation) ${COLUMNS} from firebreak.operation_result
    where incident_id = $1 order by operation, round desc limit $2`,
};

const resultRow: z.ZodType<OperationResult> = z.object({
  incidentId: z.string(),
  step: z.enum(STEP_NAMES),
  operation: z.string(),
  round: z.number(),
  outcome: z.enum(['succeeded', 'failed', 'inconclusive', 'skipped', 'not_run']),
  reason: z.string().nullable(),
  value: document<OperationResult['value']>(),
  startedAt: timestamp,
  settledAt: timestamp,
});

async function put(
  connection: Connection,
  result: OperationResult,
  facts: readonly NewFact[],
): Promise<OperationResult> {
  const { keys, kinds, bodies } = encodeFacts(facts);
  const values = resultValues(result);
  const stored = await firstRow(
    facts.length === 0
      ? connection.rows(PUT, values, resultRow)
      : connection.rows(SETTLE, [...values, keys, kinds, bodies], resultRow),
  );
  if (stored !== null) return stored;
  const key = [result.incidentId, result.operation, result.round];
  return requireRow(connection.rows(GET, key, resultRow), 'The result was not stored.');
}

/** Results over a connection; see the contract for what each function answers. */
export function createResultTable(connection: Connection): ResultTable {
  return {
    put: (result, facts) => put(connection, result, facts),
    ofIncident: (incidentId) => connection.rows(OF_INCIDENT, [incidentId, RESULTS_MAX], resultRow),
  };
}
