import { z } from 'zod';
import { AppError } from '../domain/error.ts';
import { HALT_SCOPES, type Halt } from '../domain/halt.ts';
import { timestamp } from './column.ts';
import { firstRow } from './connection.ts';
import type { Connection } from './connection.ts';
import type { HaltSight } from '../domain/halt-sight.ts';
import type { HaltTable } from './halt-table.ts';
import { cursorNumber, pageOf } from './page.ts';
import type { Page, PageRequest } from './tables.ts';

/** Most halts that can be in force at once. */
export const HALTS_MAX = 1_000;

const COLUMNS = `id, scope, nullif(subject, '') as subject, reason, halted_by as "haltedBy", channel,
  halted_at as "haltedAt", resumed_by as "resumedBy", resumed_reason as "resumedReason",
  resumed_at as "resumedAt"`;

const IN_FORCE = {
  name: 'halt-in-force',
  text: `select ${COLUMNS} from firebreak.halt where resumed_at is null order by number limit $1`,
};

const LIST = {
  name: 'halt-list',
  text: `select ${COLUMNS}, number from firebreak.halt where ($1::bigint is null or number < $1)
      and ($3::text[] is null or scope not in ('model', 'namespace')
        or (scope = 'model' and subject = any($3)) or (scope = 'namespace' and subject = any($4)))
    order by number desc limit $2`,
};

const BEGIN = {
  name: 'halt-begin',
  text: `insert into firebreak.halt (id, scope, subject, reason, halted_by, channel, halted_at)
    values ($1, $2, $3, $4, $5, $6, $7)
    on conflict (scope, subject) where resumed_at is null do nothing returning ${COLUMNS}`,
};

const FIND = {
  name: 'halt-find',
  text: `select ${COLUMNS} from firebreak.halt where scope = $1 and subject = $2 and resumed_at is null`,
};

const END = {
  name: 'halt-end',
  text: `update firebreak.halt set resumed_by = $3, resumed_reason = $4, resumed_at = $5
    where scope = $1 and subject = $2 and resumed_at is null returning ${COLUMNS}`,
};

const haltRow = z.object({
  id: z.string(),
  scope: z.enum(HALT_SCOPES),
  subject: z.string().nullable(),
  reason: z.string(),
  haltedBy: z.string(),
  channel: z.string(),
  haltedAt: timestamp,
  resumedBy: z.string().nullable(),
  resumedReason: z.string().nullable(),
  resumedAt: timestamp.nullable(),
}) satisfies z.ZodType<Halt>;
const numberedRow = haltRow.extend({ number: z.number() });

async function inForce(connection: Connection): Promise<readonly Halt[]> {
  const rows = await connection.rows(IN_FORCE, [HALTS_MAX + 1], haltRow);
  if (rows.length <= HALTS_MAX) return rows;
  throw new AppError('too_large', 'More halts are in force than can be read.', {
    details: { haltsMax: HALTS_MAX },
  });
}

async function begin(
  connection: Connection,
  halt: Parameters<HaltTable['begin']>[0],
): ReturnType<HaltTable['begin']> {
  const { id, scope, subject, reason, haltedBy, channel, haltedAt } = halt;
  const values = [id, scope, subject ?? '', reason, haltedBy, channel, haltedAt];
  const inserted = await firstRow(connection.rows(BEGIN, values, haltRow));
  if (inserted) return { halt: inserted, created: true };
  const known = await firstRow(connection.rows(FIND, [scope, subject ?? ''], haltRow));
  // Somebody lifted it between the two statements: say so, rather than that it is halted.
  if (known) return { halt: known, created: false };
  throw new AppError('conflict', 'Somebody lifted this halt at the same moment: halt again.');
}

async function list(
  connection: Connection,
  sight: HaltSight | null,
  page: PageRequest,
): Promise<Page<Halt>> {
  const seen = [sight?.models ?? null, sight?.namespaces ?? null];
  const values = [cursorNumber(page), page.limit + 1, ...seen];
  const rows = await connection.rows(LIST, values, numberedRow);
  return pageOf(rows, page.limit, {
    item: (row) => haltRow.parse(row),
    cursor: ({ number }) => number,
  });
}

/** Halts over a connection; see the contract for what each function answers. */
export function createHaltTable(connection: Connection): HaltTable {
  return {
    inForce: () => inForce(connection),
    begin: (halt) => begin(connection, halt),
    end: ({ scope, subject, by, reason, at }) =>
      firstRow(connection.rows(END, [scope, subject ?? '', by, reason, at], haltRow)),
    list: (sight, page) => list(connection, sight, page),
  };
}
