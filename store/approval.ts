import { z } from 'zod';
import { APPROVAL_CLASSES } from '../domain/approval.ts';
import type { Approval } from '../domain/approval.ts';
import { document, timestamp } from './column.ts';
import { firstRow, requireRow } from './connection.ts';
import type { Connection } from './connection.ts';
import { cursorNumber, pageOf } from './page.ts';
import type { ApprovalTable, Page, PageRequest } from './tables.ts';

const COLUMNS = `id, incident_id as "incidentId", operation, round, title,
  approval_class as "approvalClass", quorum, plans, plan_digest as "planDigest", status,
  status_reason as "statusReason", requested_by as "requestedBy", created_at as "createdAt",
  expires_at as "expiresAt", settled_at as "settledAt"`;

const OPEN = {
  name: 'approval-open',
  text: `insert into firebreak.approval (id, incident_id, operation, round, title, approval_class, quorum,
      quorum_people, plans, plan_digest, requested_by, created_at, expires_at)
    values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13) on conflict do nothing`,
};

const OF_ROUND = {
  name: 'approval-of-round',
  text: `select ${COLUMNS} from firebreak.approval
    where incident_id = $1 and operation = $2 and round = $3`,
};

const GET = {
  name: 'approval-get',
  text: `select ${COLUMNS} from firebreak.approval where id = $1`,
};
const LOCK = { name: 'approval-lock', text: `${GET.text} for update` };

const SETTLE = {
  name: 'approval-settle',
  text: `update firebreak.approval set status = $2, status_reason = $3, settled_at = clock_timestamp()
    where id = $1 and (status = 'open' or (status = 'approved' and $2 = 'void'))
    returning ${COLUMNS}`,
};

const LIST = {
  name: 'approval-list',
  text: `select ${COLUMNS}, number from firebreak.approval
    where ($1::text is null or status = $1) and ($2::text is null or incident_id = $2)
      and ($3::bigint is null or number < $3)
      and ($5::text[] is null or incident_id in (
        select id from firebreak.incident where model = any($5)))
    order by number desc limit $4`,
};

const approvalShape = z.object({
  id: z.string(),
  incidentId: z.string(),
  operation: z.string(),
  round: z.number(),
  title: z.string(),
  approvalClass: z.enum(APPROVAL_CLASSES),
  quorum: document<Approval['quorum']>(),
  plans: document<Approval['plans']>(),
  planDigest: z.string(),
  status: z.enum(['open', 'approved', 'rejected', 'void', 'expired']),
  statusReason: z.string().nullable(),
  requestedBy: z.string().nullable(),
  createdAt: timestamp,
  expiresAt: timestamp,
  settledAt: timestamp.nullable(),
});
const approvalRow: z.ZodType<Approval> = approvalShape;
const listedRow = z
  .object({ number: z.number() })
  .and(approvalRow)
  .transform(({ number, ...approval }) => ({ number, approval }));

async function open(
  connection: Connection,
  approval: Parameters<ApprovalTable['open']>[0],
): Promise<Approval> {
  await connection.write(OPEN, [
    approval.id,
    approval.incidentId,
    approval.operation,
    approval.round,
    approval.title,
    approval.approvalClass,
    JSON.stringify(approval.quorum),
    approval.quorum.people,
    JSON.stringify(approval.plans),
    approval.planDigest,
    approval.requestedBy,
    approval.createdAt,
    approval.expiresAt,
  ]);
  const round = [approval.incidentId, approval.operation, approval.round];
  return requireRow(connection.rows(OF_ROUND, round, approvalRow), 'The approval was not stored.');
}

async function list(
  connection: Connection,
  filter: Parameters<ApprovalTable['list']>[0],
  page: PageRequest,
): Promise<Page<Approval>> {
  const values = [
    filter.status,
    filter.incidentId,
    cursorNumber(page),
    page.limit + 1,
    filter.models ?? null,
  ];
  const rows = await connection.rows(LIST, values, listedRow);
  return pageOf(rows, page.limit, {
    item: (row) => row.approval,
    cursor: (row) => row.number,
  });
}

/**
 * Approvals over a connection; see the contract for what each function answers. `settle` to `approved` raises
 * `refused` for the API and the worker while too few people's decision rows stand behind it.
 */
export function createApprovalTable(connection: Connection): ApprovalTable {
  return {
    open: (approval) => open(connection, approval),
    get: (id) => firstRow(connection.rows(GET, [id], approvalRow)),
    lock: (id) =>
      requireRow(connection.rows(LOCK, [id], approvalRow), 'There is no such approval.'),
    settle: (id, status, reason) =>
      firstRow(connection.rows(SETTLE, [id, status, reason], approvalRow)),
    list: (filter, page) => list(connection, filter, page),
  };
}
