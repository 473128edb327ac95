import { z } from 'zod';
import { firstRow, type Connection } from './connection.ts';
import type { StatusCardTable } from './status-card-table.ts';

const LOOK = {
  name: 'status-card-look',
  text: `insert into firebreak.status_card (incident_id) values ($1)
    on conflict (incident_id) do update set settled = false`,
};

const TAKE = {
  name: 'status-card-take',
  text: `update firebreak.status_card c set due_at = now() + $1 * interval '1 millisecond'
    from (
      select d.incident_id, h.sequence, m.id, m.external_id, o.channel_id
      from firebreak.status_card d
      join firebreak.fact_head h on h.incident_id = d.incident_id
      join firebreak.message m on m.incident_id = d.incident_id and m.channel = 'slack'
        and m.purpose = 'opened' and m.external_id is not null
      left join firebreak.incident_channel o on o.incident_id = d.incident_id
      where not d.settled and d.due_at <= now() and h.sequence > d.shown
      order by d.due_at limit 1
      for update of d skip locked
    ) due
    where c.incident_id = due.incident_id
    returning c.incident_id as "incidentId", due.id as "messageId", due.external_id as ts, due.sequence, due.channel_id as "channelId",
      c.content, c.failures`,
};

const SHOWN = {
  name: 'status-card-shown',
  text: `update firebreak.status_card set shown = greatest(shown, $2), content = $3, settled = $4, failures = 0,
      due_at = now() + $5 * interval '1 millisecond' where incident_id = $1`,
};

const FAILED = {
  name: 'status-card-failed',
  text: `update firebreak.status_card set failures = failures + 1,
      due_at = now() + $2 * interval '1 millisecond' where incident_id = $1`,
};

const dueRow = z.object({
  incidentId: z.string(),
  messageId: z.string(),
  ts: z.string(),
  channelId: z.string().nullable(),
  sequence: z.number(),
  content: z.string().nullable(),
  failures: z.number(),
});

/** Rows of live cards over a connection; see the contract for what each function answers. */
export function createStatusCardTable(connection: Connection): StatusCardTable {
  const write = async (statement: typeof LOOK, values: readonly unknown[]): Promise<void> => {
    await connection.write(statement, values);
  };
  return {
    look: (incidentId) => write(LOOK, [incidentId]),
    take: (leaseMs) => firstRow(connection.rows(TAKE, [leaseMs], dueRow)),
    shown: (incidentId, { sequence, content, settled, restMs }) =>
      write(SHOWN, [incidentId, sequence, content, settled, restMs]),
    failed: (incidentId, restMs) => write(FAILED, [incidentId, restMs]),
  };
}
