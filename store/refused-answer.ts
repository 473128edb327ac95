import { z } from 'zod';
import { ROLES } from '../domain/approval.ts';
import { ERROR_CODES } from '../domain/error.ts';
import {
  REFUSED_ANSWERS_MAX,
  type NewRefusedAnswer,
  type RefusedAnswer,
} from '../domain/refused-answer.ts';
import { cleanText, idRow, timestamp } from './column.ts';
import { firstRow } from './connection.ts';
import type { Connection } from './connection.ts';
import { freshId } from './identity.ts';
import { addWork } from './outbox.ts';
import type { RefusedAnswerTable } from './refused-answer-table.ts';

const NAME_CHARACTERS_MAX = 200;
const REASON_CHARACTERS_MAX = 1_000;

const COLUMNS = `id, approval_id as "approvalId", incident_id as "incidentId", person, claimed, name, roles, channel,
  verdict, plan_digest as "planDigest", request_id as "requestId", code, reason, refused_at as "refusedAt", further`;

// Counted under this lock, so that two at once do not both take the last place.
const LOCK = {
  name: 'refused-answer-lock',
  text: `select id from firebreak.approval where id = $1 for update`,
};

const ADD = {
  name: 'refused-answer-add',
  text: `insert into firebreak.refused_answer (id, approval_id, incident_id, person, claimed, name, roles, channel,
      verdict, plan_digest, request_id, code, reason, refused_at)
    select $1, a.id, a.incident_id, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13
    from firebreak.approval a, lateral (
      select count(*) as every, count(*) filter (where coalesce(person, claimed) = coalesce($3::text, $4::text)) as own
      from firebreak.refused_answer where approval_id = a.id
    ) kept
    where a.id = $2 and kept.own < $14::int and kept.every < $15::int
    returning id`,
};

const COUNT = {
  name: 'refused-answer-count',
  text: `update firebreak.refused_answer set further = further + 1 where id = (
      select id from firebreak.refused_answer where approval_id = $1
      order by coalesce(person, claimed) = coalesce($2::text, $3::text) desc, number desc limit 1)`,
};

const GET = {
  name: 'refused-answer-get',
  text: `select ${COLUMNS} from firebreak.refused_answer where id = $1`,
};

const OF_APPROVAL = {
  name: 'refused-answer-of-approval',
  text: `select ${COLUMNS} from firebreak.refused_answer where approval_id = $1 order by number limit $2`,
};

const refusedRow = z.object({
  id: z.string(),
  approvalId: z.string(),
  incidentId: z.string(),
  person: z.string().nullable(),
  claimed: z.string().nullable(),
  name: z.string(),
  roles: z.array(z.enum(ROLES)),
  channel: z.string(),
  verdict: z.enum(['approve', 'reject']).nullable(),
  planDigest: z.string().nullable(),
  requestId: z.string(),
  code: z.enum(ERROR_CODES),
  reason: z.string(),
  refusedAt: timestamp,
  further: z.number(),
}) satisfies z.ZodType<RefusedAnswer>;

function add(connection: Connection, refused: NewRefusedAnswer): Promise<void> {
  const { approvalId, person, claimed, name, roles, channel, verdict } = refused;
  const { planDigest, requestId, code, reason, refusedAt } = refused;
  return connection.atomic(async (transaction) => {
    if ((await firstRow(transaction.rows(LOCK, [approvalId], idRow))) === null) return;
    const id = freshId('ref');
    const values = [
      ...[id, approvalId, person, claimed, cleanText(name, NAME_CHARACTERS_MAX), roles, channel],
      ...[verdict, planDigest, cleanText(requestId, NAME_CHARACTERS_MAX), code],
      ...[cleanText(reason, REASON_CHARACTERS_MAX), refusedAt],
      ...[REFUSED_ANSWERS_MAX.ofPerson, REFUSED_ANSWERS_MAX.ofApproval],
    ];
    const kept = await firstRow(transaction.rows(ADD, values, idRow));
    if (kept === null) await transaction.write(COUNT, [approvalId, person, claimed]);
    else await addWork(transaction, [{ kind: 'record-refused-answer', refusedAnswerId: id }]);
  });
}

/** Refused answers over a connection; see the contract for what each function answers. */
export function createRefusedAnswerTable(connection: Connection): RefusedAnswerTable {
  return {
    add: (refused) => add(connection, refused),
    get: (id) => firstRow(connection.rows(GET, [id], refusedRow)),
    ofApproval: (approvalId) =>
      connection.rows(OF_APPROVAL, [approvalId, REFUSED_ANSWERS_MAX.ofApproval], refusedRow),
  };
}
