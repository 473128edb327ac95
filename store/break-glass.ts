import { z } from 'zod';
import { ROLES } from '../domain/approval.ts';
import type { BreakGlassKey, ReviewedBreak } from '../domain/break-glass.ts';
import type { BreakGlassTable } from './break-glass-table.ts';
import { cleanText, timestamp } from './column.ts';
import { firstRow, requireRow } from './connection.ts';
import type { Connection } from './connection.ts';
import { freshId } from './identity.ts';
import { addWork } from './outbox.ts';
import { cursorNumber, pageOf } from './page.ts';

const KEYS_MAX = 200;
const TEXT_CHARACTERS_MAX = 2_000;
const NO_BREAK = 'There is no such broken glass.';

const KEY = `k.id, k.person_id as person, k.asked_by as "askedBy", k.asked_at as "askedAt", k.expires_at as "expiresAt",
  k.confirmed_by as "confirmedBy", k.taken_at as "takenAt", k.revoked_at as "revokedAt",
  (select b.broken_at from firebreak.glass_break b where b.key_id = k.id) as "usedAt"`;

const ASK = {
  name: 'break-glass-key-ask',
  text: `insert into firebreak.break_glass_key as k (id, person_id, asked_by, asked_at, expires_at)
    values ($1, $2, $3, $4, $5) returning ${KEY}`,
};

const GET_KEY = {
  name: 'break-glass-key-get',
  text: `select ${KEY} from firebreak.break_glass_key k where k.id = $1`,
};

const LOCK_KEY = {
  name: 'break-glass-key-lock',
  text: `select ${KEY} from firebreak.break_glass_key k where k.sha256 = $1 for update of k`,
};

const KEYS = {
  name: 'break-glass-keys',
  text: `select ${KEY} from firebreak.break_glass_key k order by k.number desc limit $1`,
};

const CONFIRM = {
  name: 'break-glass-key-confirm',
  text: `update firebreak.break_glass_key k set confirmed_by = $2, confirmed_at = $3
    where k.id = $1 and k.confirmed_by is null and k.revoked_at is null and k.expires_at > $3
      and k.asked_by <> $2 and k.person_id <> $2
    returning ${KEY}`,
};

const TAKE = {
  name: 'break-glass-key-take',
  text: `update firebreak.break_glass_key k set sha256 = $4, taken_at = $3
    where k.id = $1 and k.person_id = $2 and k.confirmed_by is not null and k.sha256 is null
      and k.revoked_at is null and k.expires_at > $3
    returning ${KEY}`,
};

const REVOKE = {
  name: 'break-glass-key-revoke',
  text: `update firebreak.break_glass_key k set revoked_by = $2, revoked_at = $3
    where k.id = $1 and k.revoked_at is null
      and not exists (select from firebreak.glass_break b where b.key_id = k.id)
    returning ${KEY}`,
};

const BREAK = `b.id, b.incident_id as "incidentId", b.person_id as person, b.reason, b.channel, b.broken_at as "brokenAt",
  b.ends_at as "endsAt"`;
const REVIEWED = `${BREAK}, r.owner_role as "ownerRole", r.due_at as "dueAt", r.closed_at as "closedAt",
  r.closed_by as "closedBy", r.finding`;
const BOTH = `firebreak.glass_break b join firebreak.break_glass_review r on r.break_id = b.id`;

const ADD_BREAK = {
  name: 'glass-break-add',
  text: `insert into firebreak.glass_break (id, key_id, incident_id, person_id, reason, channel, broken_at, ends_at)
    values ($1, $2, $3, $4, $5, $6, $7, $8)`,
};

const ADD_REVIEW = {
  name: 'break-glass-review-add',
  text: `insert into firebreak.break_glass_review (break_id, owner_role, due_at) values ($1, $2, $3)`,
};

const OPEN_OF = {
  name: 'glass-break-open-of',
  text: `select ${BREAK} from firebreak.glass_break b
    where b.person_id = $1 and b.incident_id = $2 and b.ends_at > $3 order by b.number desc limit 1`,
};

const GET = { name: 'glass-break-get', text: `select ${REVIEWED} from ${BOTH} where b.id = $1` };

const CLOSE = {
  name: 'break-glass-review-close',
  text: `update firebreak.break_glass_review set closed_at = $3, closed_by = $2, closed_through = $4, finding = $5
    where break_id = $1`,
};

const REVIEWS = {
  name: 'break-glass-reviews',
  text: `select ${REVIEWED}, b.number from ${BOTH}
    where (not $1::boolean or r.closed_at is null) and ($2::text is null or b.incident_id = $2)
      and ($3::bigint is null or b.number < $3)
      and ($5::text[] is null or b.incident_id in (
        select id from firebreak.incident where model = any($5)))
    order by b.number desc limit $4`,
};

const OVERDUE = {
  name: 'break-glass-reviews-overdue',
  text: `select ${REVIEWED} from ${BOTH} where r.closed_at is null and r.due_at <= $1 order by r.due_at limit $2`,
};

const keyRow = z.object({
  id: z.string(),
  person: z.string(),
  askedBy: z.string(),
  askedAt: timestamp,
  expiresAt: timestamp,
  confirmedBy: z.string().nullable(),
  takenAt: timestamp.nullable(),
  revokedAt: timestamp.nullable(),
  usedAt: timestamp.nullable(),
}) satisfies z.ZodType<BreakGlassKey>;

const breakRow = z.object({
  id: z.string(),
  incidentId: z.string(),
  person: z.string(),
  reason: z.string(),
  channel: z.string(),
  brokenAt: timestamp,
  endsAt: timestamp,
});
const reviewedShape = breakRow.extend({
  ownerRole: z.enum(ROLES),
  dueAt: timestamp,
  closedAt: timestamp.nullable(),
  closedBy: z.string().nullable(),
  finding: z.string().nullable(),
});

function split({
  ownerRole,
  dueAt,
  closedAt,
  closedBy,
  finding,
  ...glassBreak
}: z.output<typeof reviewedShape>): ReviewedBreak {
  const { id } = glassBreak;
  return { glassBreak, review: { id, ownerRole, dueAt, closedAt, closedBy, finding } };
}
const reviewedRow = reviewedShape.transform(split);
const listedRow = reviewedShape
  .extend({ number: z.number() })
  .transform(({ number, ...row }) => ({ number, reviewed: split(row) }));

function add(
  connection: Connection,
  {
    keyId,
    incidentId,
    person,
    reason,
    channel,
    brokenAt,
    endsAt,
  }: Parameters<BreakGlassTable['break']>[0],
  { ownerRole, dueAt }: Parameters<BreakGlassTable['break']>[1],
): Promise<ReviewedBreak> {
  return connection.atomic(async (transaction) => {
    const id = freshId('brk');
    await transaction.write(ADD_BREAK, [
      ...[id, keyId, incidentId, person, cleanText(reason, TEXT_CHARACTERS_MAX), channel],
      ...[brokenAt, endsAt],
    ]);
    await transaction.write(ADD_REVIEW, [id, ownerRole, dueAt]);
    await addWork(transaction, [{ kind: 'tell-break-glass', breakId: id, incidentId }]);
    return requireRow(transaction.rows(GET, [id], reviewedRow), NO_BREAK);
  });
}

function close(
  connection: Connection,
  breakId: string,
  { by, at, channel, finding }: Parameters<BreakGlassTable['closeReview']>[1],
): Promise<ReviewedBreak> {
  return connection.atomic(async (transaction) => {
    const values = [breakId, by, at, channel, cleanText(finding, TEXT_CHARACTERS_MAX)];
    await transaction.write(CLOSE, values);
    return tell(transaction, breakId);
  });
}

async function tell(connection: Connection, breakId: string): Promise<ReviewedBreak> {
  const found = await requireRow(connection.rows(GET, [breakId], reviewedRow), NO_BREAK);
  const { incidentId } = found.glassBreak;
  await addWork(connection, [{ kind: 'tell-break-glass', breakId, incidentId }]);
  return found;
}

/** Keys, broken glass and its reviews over a connection; see the contract for what each function answers. */
export function createBreakGlassTable(connection: Connection): BreakGlassTable {
  const key = (statement: { name: string; text: string }, values: readonly unknown[]) =>
    firstRow(connection.rows(statement, values, keyRow));
  return {
    askKey: ({ person, askedBy, askedAt, expiresAt }) =>
      requireRow(
        connection.rows(ASK, [freshId('bgk'), person, askedBy, askedAt, expiresAt], keyRow),
        'The key was not stored.',
      ),
    key: (id) => key(GET_KEY, [id]),
    lockKeyOf: (sha256) => key(LOCK_KEY, [sha256]),
    keys: () => connection.rows(KEYS, [KEYS_MAX], keyRow),
    confirmKey: (id, { by, at }) => key(CONFIRM, [id, by, at]),
    takeKey: (id, { by, at, sha256 }) => key(TAKE, [id, by, at, sha256]),
    revokeKey: (id, { by, at }) => key(REVOKE, [id, by, at]),
    break: (glassBreak, review) => add(connection, glassBreak, review),
    openOf: ({ person, incidentId, at }) =>
      firstRow(connection.rows(OPEN_OF, [person, incidentId, at], breakRow)),
    get: (breakId) => firstRow(connection.rows(GET, [breakId], reviewedRow)),
    tell: async (breakId) => {
      await connection.atomic((transaction) => tell(transaction, breakId));
    },
    closeReview: (breakId, closed) => close(connection, breakId, closed),
    reviews: async ({ open, incidentId, models = null }, page) => {
      const values = [open, incidentId, cursorNumber(page), page.limit + 1, models];
      return pageOf(await connection.rows(REVIEWS, values, listedRow), page.limit, {
        item: ({ reviewed }) => reviewed,
        cursor: ({ number }) => number,
      });
    },
    overdue: (at, limit) => connection.rows(OVERDUE, [at, limit], reviewedRow),
  };
}
