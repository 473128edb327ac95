import { z } from 'zod';
import { document, jsonText } from './column.ts';
import type { Connection } from './connection.ts';
import { isLostRace } from './database-error.ts';
import type { OutboxRow, OutboxTable, OutboxWork } from './outbox-table.ts';

/** Most rows of one lease. */
const LEASE_ROWS_MAX = 500;
const PROBLEM_CHARACTERS_MAX = 1000;

// The empty update locks a waiting wake until we commit: the relay cannot deliver it before it can see why.
const ADD = {
  name: 'outbox-add',
  text: `insert into firebreak.outbox (kind, incident_id, work)
    select w.kind, w.incident_id, w.work
    from unnest($1::text[], $2::text[], $3::json[]) with ordinality as w (kind, incident_id, work, n)
    order by w.kind, w.incident_id, w.n
    on conflict (incident_id) where kind = 'wake-incident' and not leased
    do update set attempts = outbox.attempts`,
};

const LEASE = {
  name: 'outbox-lease',
  text: `update firebreak.outbox o
    set leased = true, lease_until = now() + $2 * interval '1 millisecond', attempts = o.attempts + 1
    from (
      select id from firebreak.outbox
      where due_at <= now() and (not leased or lease_until <= now())
      order by due_at, id limit $1
      for update skip locked
    ) due
    where o.id = due.id
    returning o.id, o.work, o.attempts`,
};

const DONE = {
  name: 'outbox-done',
  text: `delete from firebreak.outbox where id = any($1::bigint[])`,
};

// A newer wake may wait by now; then this one has nothing left to say.
const MERGE_WAKE = {
  name: 'outbox-merge-wake',
  text: `delete from firebreak.outbox o where o.id = $1 and o.kind = 'wake-incident' and exists (
    select from firebreak.outbox w where w.kind = 'wake-incident' and not w.leased
      and w.incident_id = o.incident_id and w.id <> o.id)`,
};

const LATER = {
  name: 'outbox-later',
  text: `update firebreak.outbox set leased = false, lease_until = null, problem = $3,
      due_at = now() + $2 * interval '1 millisecond' where id = $1`,
};

const DEPTH = { name: 'outbox-depth', text: `select count(*) as depth from firebreak.outbox` };

const leasedRow = z.object({
  id: z.number().transform((id) => id.toString()),
  work: document<OutboxWork>(),
  attempts: z.number(),
});

function incidentOf(work: OutboxWork): string | null {
  return 'incidentId' in work ? work.incidentId : null;
}

/** Adds work for the relay, several at once; a wake joins the one that already waits for its incident. */
export async function addWork(connection: Connection, works: readonly OutboxWork[]): Promise<void> {
  if (works.length === 0) return;
  const wakes = new Set<string>();
  const kept = works.filter((work) => {
    if (work.kind !== 'wake-incident') return true;
    const first = !wakes.has(work.incidentId);
    wakes.add(work.incidentId);
    return first;
  });
  await connection.write(ADD, [
    kept.map((work) => work.kind),
    kept.map(incidentOf),
    kept.map(jsonText),
  ]);
}

async function lease(
  connection: Connection,
  limit: number,
  leaseMs: number,
): Promise<readonly OutboxRow[]> {
  const leased = await connection.rows(
    LEASE,
    [Math.min(limit, LEASE_ROWS_MAX), leaseMs],
    leasedRow,
  );
  const rows = leased.toSorted((a, b) => Number(a.id) - Number(b.id));
  const newestWake = new Map(
    rows.flatMap((row) =>
      row.work.kind === 'wake-incident' ? [[row.work.incidentId, row.id] as const] : [],
    ),
  );
  const repeated = rows.filter(
    ({ id, work }) => work.kind === 'wake-incident' && newestWake.get(work.incidentId) !== id,
  );
  if (repeated.length > 0) await connection.write(DONE, [repeated.map((row) => row.id)]);
  return rows.filter((row) => !repeated.includes(row));
}

async function postpone(
  connection: Connection,
  row: { readonly id: string; readonly delayMs: number; readonly problem: string },
): Promise<void> {
  try {
    const merged = await connection.write(MERGE_WAKE, [row.id]);
    if (merged > 0) return;
    const problem = row.problem.slice(0, PROBLEM_CHARACTERS_MAX);
    await connection.write(LATER, [row.id, row.delayMs, problem]);
  } catch (error) {
    if (connection.transactional || !isLostRace(error)) throw error;
    // A newer wake came between the two statements.
    await connection.write(DONE, [[row.id]]);
  }
}

const depthRow = z.object({ depth: z.number() });

/** The outbox over a connection; see the contract for what each function answers. */
export function createOutboxTable(connection: Connection): OutboxTable {
  return {
    add: (work) => addWork(connection, [work]),
    lease: (limit, leaseMs) => lease(connection, limit, leaseMs),
    done: async (id) => {
      await connection.write(DONE, [[id]]);
    },
    later: (id, delayMs, problem) => postpone(connection, { id, delayMs, problem }),
    depth: async () => {
      const rows = await connection.rows(DEPTH, [], depthRow);
      return rows[0]?.depth ?? 0;
    },
  };
}
