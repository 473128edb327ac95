import { z } from 'zod';
import type { NewFact } from '../domain/fact.ts';
import type {
  OperationKey,
  OperationResult,
  OperationRow,
  OperationState,
} from '../domain/operation.ts';
import { encodeFacts } from './append.ts';
import { jsonText } from './column.ts';
import { firstRow } from './connection.ts';
import type { Connection, Statement } from './connection.ts';
import { OPERATION_COLUMNS, operationRow } from './operation-row.ts';
import { RESULT_COLUMNS, RESULT_TYPES, resultValues } from './result.ts';

/** A conditional step of an operation's row. */
export interface OperationMove {
  readonly from: readonly OperationState[];
  readonly to: OperationState;
  readonly change: Partial<
    Pick<OperationRow, 'receipt' | 'verdict' | 'reason' | 'approvalId' | 'leaseUntil'>
  > & { readonly whileFence?: number };
}

/** A step of an operation's row with what the log is told of it. */
export interface OperationStage extends OperationMove {
  readonly facts: readonly NewFact[];
  /** True when older containments of the same thing are over with it. */
  readonly supersedes: boolean;
  /** What settles its whole operation with it. */
  readonly result?: OperationResult;
}

/** A row after its step. */
export interface OperationAdvance {
  readonly row: OperationRow;
  /** True when the result that was given is the one that is stored. */
  readonly isSettled: boolean;
}

const advanceRow: z.ZodType<OperationAdvance> = z
  .object({ isSettled: z.boolean() })
  .and(operationRow)
  .transform(({ isSettled, ...row }) => ({ row, isSettled }));

/** Finds one operation by the first four values. */
export const KEY = `incident_id = $1 and operation = $2 and target = $3 and round = $4`;

/** Columns that a move may change; the names in this order name the prepared statement. */
const MOVE_COLUMNS = {
  receipt: 'receipt',
  verdict: 'verdict',
  reason: 'reason',
  approvalId: 'approval_id',
  leaseUntil: 'lease_until',
} as const;

/** The first four values of a statement with `KEY`. */
export function keyValues(key: OperationKey): readonly unknown[] {
  return [key.incidentId, key.operation, key.target, key.round];
}

/** A statement of this table. */
export function statement(name: string, text: string): Statement {
  return { name: `operation-${name}`, text };
}

interface Moving extends Statement {
  readonly name: string;
  readonly values: readonly unknown[];
}

/** The conditional update of a move, which tells the row. */
function moving(key: OperationKey, { from, to, change }: OperationMove): Moving {
  const given = new Map<string, unknown>(Object.entries(change));
  const values = [...keyValues(key), from, to];
  const sets = ['state = $6'];
  const changed: string[] = [];
  for (const [property, column] of Object.entries(MOVE_COLUMNS)) {
    const value = given.get(property);
    if (value === undefined) continue;
    const isDocument = property === 'receipt' || property === 'verdict';
    values.push(isDocument ? jsonText(value) : value);
    sets.push(`${column} = $${values.length.toString()}`);
    changed.push(property);
  }
  let held = '';
  if (change.whileFence !== undefined) {
    values.push(change.whileFence);
    held = `and fence = $${values.length.toString()}`;
    changed.push('fenced');
  }
  return {
    name: changed.join('-'),
    text: `update firebreak.operation set ${sets.join(', ')} where ${KEY} and state = any($5::text[]) ${held}
      returning ${OPERATION_COLUMNS}`,
    values,
  };
}

/** The row after the move; null when it was in none of the states, or held by another attempt. */
export async function move(
  connection: Connection,
  key: OperationKey,
  wanted: OperationMove,
): Promise<OperationRow | null> {
  const { name, text, values } = moving(key, wanted);
  return firstRow(connection.rows(statement(`move-${name}`, text), values, operationRow));
}

/** Settles the operation of the row that moved, unless that was done before; values from `$first` on. */
function settling(result: OperationResult, first: number): Omit<Moving, 'name'> {
  const values = resultValues(result);
  const given = RESULT_TYPES.map((type, index) => `$${(first + index).toString()}::${type}`);
  return {
    text: `settled as (
      insert into firebreak.operation_result (${RESULT_COLUMNS}) select ${given.join(', ')} from moved
      on conflict do nothing returning true as done
    ),`,
    values,
  };
}

/** Values of an advance behind those of its move, before those of a result. */
const ADVANCE_VALUES = 4;
const NOTHING_SETTLED = { text: 'settled as (select true as done where false),', values: [] };

/**
 * A move with its facts, the end of older containments and the result of its operation, in one round trip that takes effect
 * whole or not at all.
 */
export async function advance(
  connection: Connection,
  key: OperationKey,
  stage: OperationStage,
): Promise<OperationAdvance | null> {
  const { name, text, values } = moving(key, stage);
  const { keys, kinds, bodies } = encodeFacts(stage.facts);
  const next = (offset: number): string => `$${(values.length + offset).toString()}`;
  const { result } = stage;
  const settled =
    result === undefined ? NOTHING_SETTLED : settling(result, values.length + ADVANCE_VALUES + 1);
  // The log's head is locked last, as everywhere: whoever holds it waits for nothing else.
  const advancing = `with moved as (${text}),
    superseded as (
      update firebreak.operation o set superseded = true from moved m
      where ${next(1)}::boolean and o.incident_id = m."incidentId" and o.target = m.target and o.use = m.use
        and o.containment and not o.superseded and (o.operation, o.round) <> (m.operation, m.round)
        and o.apply_sequence < coalesce(m."applySequence", 9223372036854775807)
      returning o.round
    ),
    ${settled.text}
    told as (
      select count(*) from moved m, (select count(*) from superseded) s, (select count(*) from settled) r,
        lateral firebreak.append_facts(m."incidentId", ${next(2)}::text[], ${next(3)}::text[], ${next(4)}::bytea[])
    )
    select moved.*, exists (select from settled) as "isSettled" from moved, told`;
  return firstRow(
    connection.rows(
      statement(`advance-${name}${result === undefined ? '' : '-settling'}`, advancing),
      [...values, stage.supersedes, keys, kinds, bodies, ...settled.values],
      advanceRow,
    ),
  );
}
