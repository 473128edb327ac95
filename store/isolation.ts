import { z } from 'zod';
import type { CapStanding, Isolated } from '../domain/cap.ts';
import type { OperationKey } from '../domain/operation.ts';
import type { Connection } from './connection.ts';
import type { IsolationTable } from './isolation-table.ts';

/** Most isolated objects that are weighed at once; more of them are far beyond any cap. */
const ISOLATED_MAX = 10_000;

// One after the other, so that of two incidents that reserve the last place one sees the other.
const LOCK = {
  name: 'isolation-lock',
  text: `select count(pg_advisory_xact_lock(1179795793, 0)) as locked`,
};

// A plan counts from the moment it is stored, which is before its approval is; one that nobody may apply any more
// does not.
const IN_FORCE = `(not s.ended and (o.state not in ('planned', 'approved')
    or (i.state <> 'closed' and (o.approval_id is null or coalesce(a.status, 'open') in ('open', 'approved')))))`;

const STANDING = {
  name: 'isolation-standing',
  text: `select s.incident_id as "incidentId", s.operation, s.target, s.round, s.object, s.sequence, s.model,
      s.replicas, s.stays, s.capacity, s.remaining, ${IN_FORCE} as "inForce",
      o.state in ('applied', 'verified', 'unverified') as applied,
      s.reserved_at > clock_timestamp() - interval '1 hour' as recent
    from firebreak.isolation s
    join firebreak.operation o using (incident_id, operation, target, round)
    join firebreak.incident i on i.id = s.incident_id
    left join firebreak.approval a on a.id = o.approval_id
    where (s.reserved_at > clock_timestamp() - interval '1 hour' or not s.ended)
      and i.drill = (select drill from firebreak.incident where id = $2)
      and ($3::text is null or exists (select from firebreak.isolation mine
        where mine.incident_id = $2 and mine.operation = $3 and mine.target = $4 and mine.round = $5))
    order by s.sequence limit $1`,
};

const OF_SOURCE = {
  name: 'isolation-of-source',
  text: `select count(o.number) as incidents from firebreak.incident mine,
      lateral (
        select number from firebreak.incident
        where origin ->> 'kind' = 'alert' and origin ->> 'by' = mine.origin ->> 'by'
          and drill = mine.drill and opened_at > mine.opened_at - interval '1 hour' and opened_at <= mine.opened_at
          and (opened_at < mine.opened_at or number <= mine.number)
        order by opened_at desc limit $2
      ) o
    where mine.id = $1 and mine.origin ->> 'kind' = 'alert'`,
};

const RESERVE = {
  name: 'isolation-reserve',
  text: `insert into firebreak.isolation (incident_id, operation, target, round, object, model, replicas,
      stays, capacity, remaining)
    select $1, $2, $3, $4, t.object, $5, t.replicas, t.stays, $9, $10
    from unnest($6::text[], $7::integer[], $8::boolean[]) as t (object, replicas, stays)
    order by t.object on conflict do nothing`,
};

const isolatedRow: z.ZodType<Isolated> = z.object({
  incidentId: z.string(),
  operation: z.string(),
  target: z.string(),
  round: z.number(),
  object: z.string(),
  sequence: z.number(),
  model: z.string(),
  replicas: z.number(),
  stays: z.boolean(),
  capacity: z.number(),
  remaining: z.number(),
  inForce: z.boolean(),
  applied: z.boolean(),
  recent: z.boolean(),
});

const lockedRow = z.object({ locked: z.number() });
const incidentsRow = z.object({ incidents: z.number() });

async function standing(
  connection: Connection,
  incidentId: string,
  { countUpTo, reserving, taker }: Parameters<IsolationTable['standing']>[1],
): Promise<CapStanding> {
  const { operation, target, round } = taker ?? {};
  const asked = [ISOLATED_MAX, incidentId, operation ?? null, target ?? null, round ?? null];
  const [, isolated, [source]] = await Promise.all([
    reserving === true ? connection.rows(LOCK, [], lockedRow) : null,
    taker === null ? [] : connection.rows(STANDING, asked, isolatedRow),
    connection.rows(OF_SOURCE, [incidentId, countUpTo], incidentsRow),
  ]);
  return { isolated, incidentsOfSource: source?.incidents ?? 0 };
}

async function reserve(
  connection: Connection,
  key: OperationKey,
  taking: Parameters<IsolationTable['reserve']>[1],
): Promise<void> {
  const { model, objects, capacity, remaining } = taking;
  await connection.write(RESERVE, [
    key.incidentId,
    key.operation,
    key.target,
    key.round,
    model,
    objects.map(({ object }) => object),
    objects.map(({ replicas }) => replicas),
    objects.map(({ stays }) => stays),
    capacity,
    remaining,
  ]);
}

/** Isolated capacity over a connection; see the contract for what each function answers. */
export function createIsolationTable(connection: Connection): IsolationTable {
  return {
    standing: (incidentId, options) => standing(connection, incidentId, options),
    reserve: (key, taking) => reserve(connection, key, taking),
  };
}
