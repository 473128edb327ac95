import { z } from 'zod';
import { AppError } from '../domain/error.ts';
import { incidentIdRow } from './column.ts';
import type { Connection } from './connection.ts';
import { addWork } from './outbox.ts';
import type { ClaimTable } from './claim-table.ts';

/** Most targets that one incident claims at once. */
export const CLAIM_TARGETS_MAX = 1000;

// Takers and releasers of a target queue until each other's transaction ends; in the order of the lock's own
// key, so that nobody waits in a circle.
const QUEUE = {
  name: 'claim-queue',
  text: `select count(pg_advisory_xact_lock(1179795792, h.key)) as locked
    from (select distinct hashtext(t.target) as key from unnest($1::text[]) as t (target) order by 1) h`,
};

// Takes every target, or none and leaves word at the one that is in the way: another's exclusive claim, or a
// containment of another that must be lifted first. Who takes a claim waits for none any more. A drill and a real
// incident never wait for each other.
const TAKE = {
  name: 'claim-take',
  text: `with asking as (select drill from firebreak.incident where id = $2),
    holder as (
      select c.incident_id as by, c.target from firebreak.claim c, asking a
      where $3 = 'exclusive' and c.target = any($1::text[]) and c.mode = 'exclusive'
        and c.incident_id <> $2 and c.drill = a.drill
      order by c.target limit 1),
    container as (
      select o.incident_id as by, t.target from asking a, firebreak.operation o
      join unnest($1::text[]) as t (target) on t.target = any(o.claim_targets)
      where $4 and o.containment and not o.superseded and o.claim_targets && $1::text[]
        and o.incident_id <> $2 and o.drill = a.drill
        and o.state in ('applying', 'applied', 'verified', 'unverified', 'unknown', 'reverting')
      order by t.target limit 1),
    blocker as (
      select by, target from (select 1 as rank, * from holder union all select 2, * from container) b
      order by rank limit 1),
    waits as (
      insert into firebreak.claim_wait (target, incident_id) select target, $2 from blocker
      on conflict do nothing),
    waited as (
      delete from firebreak.claim_wait where incident_id = $2 and not exists (select from blocker)),
    taken as (
      insert into firebreak.claim (target, incident_id, mode, drill)
      select t.target, $2, $3, (select drill from asking) from unnest($1::text[]) as t (target)
      where not exists (select from blocker) order by t.target
      on conflict (target, incident_id) do update
        set mode = case when claim.mode = 'exclusive' then claim.mode else excluded.mode end)
    select by, target from blocker`,
};

const STOP_WAITING = {
  name: 'claim-stop-waiting',
  text: `delete from firebreak.claim_wait where incident_id = $1`,
};

const HOLDS = {
  name: 'claim-holds',
  text: `select from firebreak.claim where incident_id = $1 and target = $2`,
};

const OF_INCIDENT = {
  name: 'claim-of-incident',
  text: `select target, mode from firebreak.claim where incident_id = $1 order by target`,
};

const ENDING = {
  name: 'claim-ending',
  text: `select c.target from firebreak.claim c where c.incident_id = $1 and not exists (
      select from firebreak.operation o
      where o.incident_id = c.incident_id and o.left_owner is not null
        and o.state in ('applied', 'verified', 'unverified') and c.target = any(o.claim_targets))
    order by c.target`,
};

const RELEASE = {
  name: 'claim-release',
  text: `delete from firebreak.claim where incident_id = $1 and target = any($2::text[])`,
};

const WAITING = {
  name: 'claim-waiting',
  text: `delete from firebreak.claim_wait where target = any($1::text[]) returning incident_id as "incidentId"`,
};

const targetRow = z.object({ target: z.string() });
const lockedRow = z.object({ locked: z.number() });
const presentRow = z.object({});
const blockerRow = targetRow.extend({ by: z.string() });

async function take(
  connection: Connection,
  request: Parameters<ClaimTable['take']>[0],
): ReturnType<ClaimTable['take']> {
  const { incidentId, mode } = request;
  const targets = [...new Set(request.targets)].sort();
  if (targets.length > CLAIM_TARGETS_MAX) {
    throw new AppError('too_large', 'Too many targets in one claim.', {
      details: { targets: targets.length, targetsMax: CLAIM_TARGETS_MAX },
    });
  }
  if (targets.length === 0) return { taken: true };
  // The second statement sees what the first has waited for.
  const [, blockers] = await Promise.all([
    queue(connection, targets),
    connection.rows(
      TAKE,
      [targets, incidentId, mode, request.waitsForContainments === true],
      blockerRow,
    ),
  ]);
  const [blocker] = blockers;
  return blocker ? { taken: false, ...blocker } : { taken: true };
}

async function queue(connection: Connection, targets: readonly string[]): Promise<void> {
  await connection.rows(QUEUE, [targets], lockedRow);
}

async function release(connection: Connection, incidentId: string): Promise<void> {
  await connection.write(STOP_WAITING, [incidentId]);
  const rows = await connection.rows(ENDING, [incidentId], targetRow);
  const targets = rows.map((row) => row.target);
  if (targets.length === 0) return;
  await queue(connection, targets);
  await connection.write(RELEASE, [incidentId, targets]);
  await wakeWaiting(connection, targets);
}

async function wakeWaiting(connection: Connection, targets: readonly string[]): Promise<void> {
  const waiting = await connection.rows(WAITING, [targets], incidentIdRow);
  const woken = [...new Set(waiting.map((row) => row.incidentId))];
  await addWork(
    connection,
    woken.map((id) => ({ kind: 'wake-incident', incidentId: id })),
  );
}

/**
 * Claims over a connection; see the contract for what each function answers. Exclusive excludes exclusive of
 * another incident; whoever asks so waits as well for another's containment in force. `take` raises
 * `too_large` past 1,000 targets.
 */
export function createClaimTable(connection: Connection): ClaimTable {
  return {
    take: (request) => connection.atomic((transaction) => take(transaction, request)),
    holds: async (incidentId, target) =>
      (await connection.rows(HOLDS, [incidentId, target], presentRow)).length > 0,
    release: (incidentId) => connection.atomic((transaction) => release(transaction, incidentId)),
    wakeWaiting: (targets) => wakeWaiting(connection, targets),
    ofIncident: (incidentId) =>
      connection.rows(
        OF_INCIDENT,
        [incidentId],
        targetRow.extend({ mode: z.enum(['shared', 'exclusive']) }),
      ),
  };
}
