import { z } from 'zod';
import { NOTICES, REACHES, type StakeholderUpdate } from '../domain/stakeholder-update.ts';
import { incidentIdRow, timestamp } from './column.ts';
import { firstRow, requireRow } from './connection.ts';
import type { Connection } from './connection.ts';
import { addWork } from './outbox.ts';
import { cursorNumber, pageOf } from './page.ts';
import type { StakeholderUpdateTable, UpdateSettlement } from './stakeholder-update-table.ts';

const UPDATES_MAX = 10_000;

const COLUMNS = `u.id, u.incident_id as "incidentId", u.audience, u.reach, u.ordinal, u.notice, u.verified,
  u.recipients as "to", u.slack_channel as "slackChannel", u.subject, u.text,
  u.template_sha256 as "templateSha256", u.text_sha256 as "textSha256", u.drafted_at as "draftedAt", u.state,
  u.settled_at as "settledAt", u.settled_by as "settledBy", u.settled_through as "settledThrough", u.reason`;

const DRAFT = {
  name: 'stakeholder-update-draft',
  text: `insert into firebreak.stakeholder_update
      (id, incident_id, audience, reach, ordinal, notice, verified, recipients, slack_channel, subject, text,
       template_sha256, text_sha256, drafted_at, state, settled_at, settled_by)
    values ($1, $2, $3, $4, $5, $6, $7, $8::json, $9, $10, $11, $12, $13, $14, $15, $16, $17)
    on conflict (incident_id, audience, ordinal) do nothing`,
};

const GET = {
  name: 'stakeholder-update-get',
  text: `select ${COLUMNS} from firebreak.stakeholder_update u where u.id = $1`,
};

const LOCK = { name: 'stakeholder-update-lock', text: `${GET.text} for update` };

const SETTLE = {
  name: 'stakeholder-update-settle',
  text: `update firebreak.stakeholder_update u
    set state = $2, settled_at = $3, settled_by = $4, settled_through = $5, reason = $6
    where u.id = $1 returning ${COLUMNS}`,
};

const OF_INCIDENT = {
  name: 'stakeholder-update-of-incident',
  text: `select ${COLUMNS} from firebreak.stakeholder_update u where u.incident_id = $1
    order by u.audience, u.ordinal limit $2`,
};

const LIST = {
  name: 'stakeholder-update-list',
  text: `select ${COLUMNS}, u.number from firebreak.stakeholder_update u
    where ($1::text is null or u.incident_id = $1) and ($2::text is null or u.state = $2)
      and ($3::bigint is null or u.number < $3)
      and ($5::text[] is null or u.incident_id in (
        select id from firebreak.incident where model = any($5)))
    order by u.number desc limit $4`,
};

const NOTHING_FOLLOWS = `not exists (select from firebreak.stakeholder_update n
      where n.incident_id = u.incident_id and n.audience = u.audience and n.ordinal > u.ordinal)`;

const CLOSED_UNTOLD = {
  name: 'stakeholder-update-closed-untold',
  text: `select distinct u.incident_id as "incidentId"
    from firebreak.stakeholder_update u join firebreak.incident i on i.id = u.incident_id
    where u.drafted_at >= $1 and u.notice <> 'resolved' and i.state = 'closed' and ${NOTHING_FOLLOWS}
    limit $2`,
};

const WAITING = {
  name: 'stakeholder-update-waiting',
  text: `select ${COLUMNS} from firebreak.stakeholder_update u
    where u.state = 'drafted' and u.drafted_at >= $1 and ${NOTHING_FOLLOWS}
    order by u.drafted_at limit $2`,
};

const updateRow = z.object({
  id: z.string(),
  incidentId: z.string(),
  audience: z.string(),
  reach: z.enum(REACHES),
  ordinal: z.number(),
  notice: z.enum(NOTICES),
  verified: z.boolean(),
  to: z.array(z.string()),
  slackChannel: z.string().nullable(),
  subject: z.string(),
  text: z.string(),
  templateSha256: z.string(),
  textSha256: z.string(),
  draftedAt: timestamp,
  state: z.enum(['drafted', 'released', 'skipped']),
  settledAt: timestamp.nullable(),
  settledBy: z.string().nullable(),
  settledThrough: z.string().nullable(),
  reason: z.string().nullable(),
}) satisfies z.ZodType<StakeholderUpdate>;
const numberedRow = updateRow.extend({ number: z.number() });

async function draft(connection: Connection, update: StakeholderUpdate): Promise<boolean> {
  const { id, incidentId, audience, reach, ordinal, notice, verified, to, slackChannel } = update;
  const { subject, text, templateSha256, textSha256, draftedAt } = update;
  const { state, settledAt, settledBy } = update;
  const written = await connection.write(DRAFT, [
    ...[id, incidentId, audience, reach, ordinal, notice, verified, JSON.stringify(to)],
    ...[slackChannel, subject, text, templateSha256, textSha256, draftedAt],
    ...[state, settledAt, settledBy],
  ]);
  return written === 1;
}

function settle(
  connection: Connection,
  id: string,
  { state, at, by, through, reason }: UpdateSettlement,
): Promise<StakeholderUpdate> {
  return connection.atomic(async (transaction) => {
    const settled = await requireRow(
      transaction.rows(SETTLE, [id, state, at, by, through, reason], updateRow),
      'There is no such update.',
    );
    const { incidentId } = settled;
    await addWork(transaction, [{ kind: 'tell-update', updateId: id, incidentId }]);
    return settled;
  });
}

/** Updates for stakeholders over a connection; see the contract for what each function answers. */
export function createStakeholderUpdateTable(connection: Connection): StakeholderUpdateTable {
  return {
    draft: (update) => draft(connection, update),
    get: (id) => firstRow(connection.rows(GET, [id], updateRow)),
    lock: (id) => requireRow(connection.rows(LOCK, [id], updateRow), 'There is no such update.'),
    settle: (id, settlement) => settle(connection, id, settlement),
    ofIncident: (incidentId) => connection.rows(OF_INCIDENT, [incidentId, UPDATES_MAX], updateRow),
    list: async ({ incidentId, state, models = null }, page) => {
      const values = [incidentId, state, cursorNumber(page), page.limit + 1, models];
      return pageOf(await connection.rows(LIST, values, numberedRow), page.limit, {
        item: (row) => updateRow.parse(row),
        cursor: ({ number }) => number,
      });
    },
    closedUntold: async (since, limit) => {
      const rows = await connection.rows(CLOSED_UNTOLD, [since, limit], incidentIdRow);
      return rows.map(({ incidentId }) => incidentId);
    },
    waiting: (since, limit) => connection.rows(WAITING, [since, limit], updateRow),
  };
}
