import { z } from 'zod';
import { ROLES } from '../domain/approval.ts';
import { AppError } from '../domain/error.ts';
import { HOLD_SCOPES, type HoldRelease, type LegalHold } from '../domain/legal-hold.ts';
import { timestamp } from './column.ts';
import { firstRow, requireRow } from './connection.ts';
import type { Connection } from './connection.ts';
import type { LegalHoldTable } from './legal-hold-table.ts';
import { addWork } from './outbox.ts';
import { cursorNumber, pageOf } from './page.ts';
import type { Page, PageRequest } from './tables.ts';

/** Most legal holds that can be in force at once. */
export const LEGAL_HOLDS_MAX = 1_000;
const WORDS_MAX = 1_000;

const COLUMNS = `id, scope, subject, reason, placed_by as "placedBy", channel, placed_at as "placedAt",
  released_at as "releasedAt"`;

const IN_FORCE = {
  name: 'legal-hold-in-force',
  text: `select ${COLUMNS} from firebreak.legal_hold where released_at is null order by number limit $1`,
};

const LIST = {
  name: 'legal-hold-list',
  text: `select ${COLUMNS}, number from firebreak.legal_hold where ($1::bigint is null or number < $1)
    order by number desc limit $2`,
};

const PLACE = {
  name: 'legal-hold-place',
  text: `insert into firebreak.legal_hold (id, scope, subject, reason, placed_by, channel, placed_at)
    values ($1, $2, $3, $4, $5, $6, $7) returning ${COLUMNS}`,
};

const GET = {
  name: 'legal-hold-get',
  text: `select ${COLUMNS} from firebreak.legal_hold where id = $1`,
};

const LOCK = { name: 'legal-hold-lock', text: `${GET.text} for update` };

const WORDS = {
  name: 'legal-hold-words',
  text: `select hold_id as "holdId", person, roles, reason, channel, at from firebreak.legal_hold_release
    where hold_id = $1 order by number limit $2`,
};

const SAY = {
  name: 'legal-hold-say',
  text: `insert into firebreak.legal_hold_release (hold_id, person, roles, reason, channel, at)
    values ($1, $2, $3, $4, $5, $6)`,
};

const END = {
  name: 'legal-hold-end',
  text: `update firebreak.legal_hold set released_at = $2 where id = $1 returning ${COLUMNS}`,
};

const holdRow = z.object({
  id: z.string(),
  scope: z.enum(HOLD_SCOPES),
  subject: z.string(),
  reason: z.string(),
  placedBy: z.string(),
  channel: z.string(),
  placedAt: timestamp,
  releasedAt: timestamp.nullable(),
}) satisfies z.ZodType<LegalHold>;
const numberedRow = holdRow.extend({ number: z.number() });

const wordRow = z.object({
  holdId: z.string(),
  person: z.string(),
  roles: z.array(z.enum(ROLES)),
  reason: z.string(),
  channel: z.string(),
  at: timestamp,
}) satisfies z.ZodType<HoldRelease>;

async function inForce(connection: Connection): Promise<readonly LegalHold[]> {
  const rows = await connection.rows(IN_FORCE, [LEGAL_HOLDS_MAX + 1], holdRow);
  if (rows.length <= LEGAL_HOLDS_MAX) return rows;
  throw new AppError('too_large', 'More legal holds are in force than can be read.', {
    details: { legalHoldsMax: LEGAL_HOLDS_MAX },
  });
}

function place(
  connection: Connection,
  hold: Omit<LegalHold, 'releasedAt'>,
): ReturnType<LegalHoldTable['place']> {
  const { id, scope, subject, reason, placedBy, channel, placedAt } = hold;
  return connection.atomic(async (transaction) => {
    const values = [id, scope, subject, reason, placedBy, channel, placedAt];
    const [placed] = await Promise.all([
      requireRow(transaction.rows(PLACE, values, holdRow), 'The hold was not stored.'),
      addWork(transaction, [{ kind: 'record-legal-hold', holdId: id }]),
    ]);
    return placed;
  });
}

function say(connection: Connection, word: HoldRelease): Promise<void> {
  const { holdId, person, roles, reason, channel, at } = word;
  return connection.atomic(async (transaction) => {
    await Promise.all([
      transaction.write(SAY, [holdId, person, roles, reason, channel, at]),
      addWork(transaction, [{ kind: 'record-legal-hold', holdId }]),
    ]);
  });
}

async function list(connection: Connection, page: PageRequest): Promise<Page<LegalHold>> {
  const rows = await connection.rows(LIST, [cursorNumber(page), page.limit + 1], numberedRow);
  return pageOf(rows, page.limit, {
    item: (row) => holdRow.parse(row),
    cursor: ({ number }) => number,
  });
}

const UNKNOWN = 'There is no such legal hold.';

/** Legal holds over a connection; see the contract for what each function answers. */
export function createLegalHoldTable(connection: Connection): LegalHoldTable {
  return {
    inForce: () => inForce(connection),
    place: (hold) => place(connection, hold),
    get: (id) => firstRow(connection.rows(GET, [id], holdRow)),
    lock: (id) => requireRow(connection.rows(LOCK, [id], holdRow), UNKNOWN),
    words: (holdId) => connection.rows(WORDS, [holdId, WORDS_MAX], wordRow),
    say: (word) => say(connection, word),
    end: (id, at) => requireRow(connection.rows(END, [id, at], holdRow), UNKNOWN),
    list: (page) => list(connection, page),
  };
}
