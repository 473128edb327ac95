import { z } from 'zod';
import { timestamp } from './column.ts';
import { firstRow } from './connection.ts';
import type { Connection } from './connection.ts';
import type { EscalationTable, StoredRung } from './escalation-table.ts';

const TAKE = {
  name: 'escalation-take',
  text: `insert into firebreak.escalation (subject, subject_id, rung, incident_id, people, reached, taken_at)
    values ($1, $2, $3, $4, $5, $6, $7) on conflict do nothing`,
};

const COLUMNS = `subject, subject_id as "subjectId", rung, incident_id as "incidentId", people, reached,
  taken_at as "takenAt"`;

const TAKEN_AMONG = {
  name: 'escalation-taken-among',
  text: `select ${COLUMNS} from firebreak.escalation where subject_id = any($1) order by subject_id, rung`,
};

const GET = {
  name: 'escalation-get',
  text: `select ${COLUMNS} from firebreak.escalation where subject = $1 and subject_id = $2 and rung = $3`,
};

const REACHED_NOBODY = {
  name: 'escalation-reached-nobody',
  text: `update firebreak.escalation set reached = false where subject = $1 and subject_id = $2 and rung = $3`,
};

const rungRow: z.ZodType<StoredRung> = z
  .object({
    subject: z.enum(['approval', 'incident', 'on-call']),
    subjectId: z.string(),
    rung: z.number(),
    incidentId: z.string(),
    people: z.array(z.string()),
    reached: z.boolean(),
    takenAt: timestamp,
  })
  .transform(({ subject: kind, subjectId: id, ...rest }) => ({ ...rest, subject: { kind, id } }));

/** Rungs over a connection; see the contract for what each function answers. */
export function createEscalationTable(connection: Connection): EscalationTable {
  return {
    take: async ({ subject, rung, incidentId, people, reached, takenAt }) => {
      const values = [subject.kind, subject.id, rung, incidentId, people, reached, takenAt];
      return (await connection.write(TAKE, values)) > 0;
    },
    reachedNobody: async ({ kind, id }, rung) => {
      await connection.write(REACHED_NOBODY, [kind, id, rung]);
    },
    // The table holds at most a hundred rungs of each.
    takenAmong: (ids) => connection.rows(TAKEN_AMONG, [ids], rungRow),
    get: ({ kind, id }, rung) => firstRow(connection.rows(GET, [kind, id, rung], rungRow)),
  };
}
