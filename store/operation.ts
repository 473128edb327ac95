import { z } from 'zod';
import { claimTargetsOf, keyText } from '../domain/operation.ts';
import type { OperationKey, OperationRow } from '../domain/operation.ts';
import { firstRow, requireRow } from './connection.ts';
import type { Connection, Statement } from './connection.ts';
import { cleanText } from './column.ts';
import { advance, KEY, keyValues, move, statement } from './operation-move.ts';
import { OPERATION_COLUMNS, operationRow } from './operation-row.ts';
import type { OperationTable } from './operation-table.ts';

/** Most operations of one incident that are read at once. */
const OPERATIONS_MAX = 10_000;
const MOVER_CHARACTERS_MAX = 500;
/** Most effects on one target that are looked back at. */
const BEGUN_MAX = 200;
/** States in which an effect may be in the world. */
const IN_FORCE = `state in ('applied', 'verified', 'unverified')`;

const FIND = statement('find', `select ${OPERATION_COLUMNS} from firebreak.operation where ${KEY}`);

const INSERT = statement(
  'insert',
  `insert into firebreak.operation (incident_id, operation, target, round, step, use, instance, input,
      approval_class, approval_id, containment, state, generation, plan, plan_digest, claim_targets,
      lease_until, drill)
    values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, 'planned', $12, $13, $14, $15, $16, $17)
    on conflict do nothing returning ${OPERATION_COLUMNS}`,
);

const NEXT_FENCE = statement(
  'next-fence',
  `update firebreak.operation set fence = fence + 1,
      apply_sequence = coalesce(apply_sequence, nextval('firebreak.apply_sequence'))
    where ${KEY} returning ${OPERATION_COLUMNS}`,
);

const BEGIN_ATTEMPT = statement(
  'begin-attempt',
  `update firebreak.operation set fence = fence + 1, state = $6,
      apply_sequence = coalesce(apply_sequence, nextval('firebreak.apply_sequence'))
    where ${KEY} and state = any($5::text[]) returning ${OPERATION_COLUMNS}`,
);

const REVOKE = statement('revoke', `update firebreak.operation set fence = fence + 1 where ${KEY}`);

const HOLDS = statement(
  'holds-fence',
  `select fence = $5 as holds from firebreak.operation where ${KEY}`,
);

const OF_INCIDENT = statement(
  'of-incident',
  `select ${OPERATION_COLUMNS} from firebreak.operation where incident_id = $1
    order by apply_sequence nulls last, operation, target, round limit $2`,
);

const UNDO_STACK = statement(
  'undo-stack',
  `select ${OPERATION_COLUMNS} from firebreak.operation
    where incident_id = $1 and apply_sequence is not null
      and state not in ('planned', 'approved', 'refused', 'void', 'reverted')
    order by apply_sequence desc limit $2`,
);

const CONTAINMENTS = statement(
  'containments',
  `select ${OPERATION_COLUMNS} from firebreak.operation
    where containment and not superseded and ${IN_FORCE}
    order by apply_sequence limit $1`,
);

const CONTAINED_BY_OTHERS = statement(
  'contained-by-others',
  `select ${OPERATION_COLUMNS} from firebreak.operation
    where containment and not superseded and incident_id <> $1 and target = $2 and use = $3
      and drill = (select drill from firebreak.incident where id = $1)
      and state in ('applying', 'applied', 'verified', 'unverified', 'unknown')
    order by apply_sequence limit $4`,
);

const BEGUN_ON = statement(
  'begun-on',
  `select ${OPERATION_COLUMNS} from firebreak.operation
    where target = $1 and apply_sequence is not null order by apply_sequence desc limit $2`,
);

const COUNT_RESTORE = statement(
  'count-restore',
  `update firebreak.operation set restores = restores + 1, restored_at = clock_timestamp()
    where ${KEY}`,
);

const NAME_MOVER = statement(
  'name-mover',
  `update firebreak.operation set moved_by = $5 where ${KEY}`,
);

const RENEW = statement(
  'renew',
  `update firebreak.operation set lease_until = $5,
      restores = case when restored_at < clock_timestamp() - interval '1 hour' then 0 else restores end
    where ${KEY}`,
);

const LEAVE = statement(
  'leave',
  `update firebreak.operation set left_owner = $4, left_until = $5, lease_until = $5
    where incident_id = $1 and operation = $2 and target = $3 and containment and ${IN_FORCE}
      and round = (select max(round) from firebreak.operation
        where incident_id = $1 and operation = $2 and target = $3 and ${IN_FORCE})
    returning ${OPERATION_COLUMNS}`,
);

async function insertPlanned(
  connection: Connection,
  row: Parameters<OperationTable['insertPlanned']>[0],
): Promise<OperationRow> {
  const values = [
    ...keyValues(row),
    row.step,
    row.use,
    row.instance,
    JSON.stringify(row.input),
    row.approvalClass,
    row.approvalId,
    row.containment,
    row.generation,
    JSON.stringify(row.plan),
    row.planDigest,
    claimTargetsOf(row),
    row.leaseUntil,
    row.drill,
  ];
  const inserted = await firstRow(connection.rows(INSERT, values, operationRow));
  return inserted ?? requireOperation(connection, FIND, row);
}

function requireOperation(
  connection: Connection,
  on: Statement,
  key: OperationKey,
): Promise<OperationRow> {
  return requireRow(
    connection.rows(on, keyValues(key), operationRow),
    `There is no operation ${keyText(key)}.`,
  );
}

const holdsRow = z.object({ holds: z.boolean() });

async function holdsFence(
  connection: Connection,
  key: OperationKey,
  fence: number,
): Promise<boolean> {
  const found = await firstRow(connection.rows(HOLDS, [...keyValues(key), fence], holdsRow));
  return found?.holds ?? false;
}

/** Operations over a connection; see the contract for what each function answers. */
export function createOperationTable(connection: Connection): OperationTable {
  const write = async (on: Statement, values: readonly unknown[]): Promise<void> => {
    await connection.write(on, values);
  };
  return {
    find: (key) => firstRow(connection.rows(FIND, keyValues(key), operationRow)),
    insertPlanned: (row) => insertPlanned(connection, row),
    move: (...[key, from, to, change = {}]) => move(connection, key, { from, to, change }),
    advance: (key, stage) => advance(connection, key, stage),
    beginAttempt: (key, from, to) =>
      firstRow(connection.rows(BEGIN_ATTEMPT, [...keyValues(key), from, to], operationRow)),
    nextFence: (key) => requireOperation(connection, NEXT_FENCE, key),
    revokeFences: (key) => write(REVOKE, keyValues(key)),
    holdsFence: (key, fence) => holdsFence(connection, key, fence),
    ofIncident: (incidentId) =>
      connection.rows(OF_INCIDENT, [incidentId, OPERATIONS_MAX], operationRow),
    undoStack: (incidentId) =>
      connection.rows(UNDO_STACK, [incidentId, OPERATIONS_MAX], operationRow),
    containments: (limit) =>
      connection.rows(CONTAINMENTS, [Math.min(limit, OPERATIONS_MAX)], operationRow),
    containedByOthers: ({ incidentId, target, use }) =>
      connection.rows(CONTAINED_BY_OTHERS, [incidentId, target, use, OPERATIONS_MAX], operationRow),
    begunOn: (target) => connection.rows(BEGUN_ON, [target, BEGUN_MAX], operationRow),
    countRestore: (key) => write(COUNT_RESTORE, keyValues(key)),
    nameMover: (key, movedBy) =>
      write(NAME_MOVER, [...keyValues(key), cleanText(movedBy, MOVER_CHARACTERS_MAX)]),
    renewLease: (key, until) => write(RENEW, [...keyValues(key), until]),
    leaveInPlace: (incidentId, left) =>
      firstRow(
        connection.rows(
          LEAVE,
          [incidentId, left.operation, left.target, left.owner, left.expiresAt],
          operationRow,
        ),
      ),
  };
}
