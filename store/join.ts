import { z } from 'zod';
import type { NewFact } from '../domain/fact.ts';
import type { Entry } from './accept.ts';
import { ALERT_FACT_KINDS, alertFact } from './alert-fact.ts';
import type { AlertFactKind } from './alert-fact.ts';
import type { Places } from './alert-insert.ts';
import { appendFactsOf } from './append.ts';
import { assign, routedOf } from './assignment.ts';
import type { Assigned, Joined, Standing } from './assignment.ts';
import type { Connection } from './connection.ts';
import { openingFact, startWork } from './opening.ts';
import { addWork } from './outbox.ts';
import { collect } from './storm.ts';
import type { CollectedAlert } from './storm.ts';

/** Which alert joins which incident, by alert id; `record` writes counters, outbox rows and facts. */
export interface Joining extends Places {
  /** Ids of the alerts whose fingerprint their incident knows from an earlier start; asked before they are inserted. */
  flapped(): Promise<ReadonlySet<string>>;
  /** The last statements of the transaction, after the alerts are inserted. */
  record(flapped: ReadonlySet<string>): Promise<void>;
}

// Locked in the order of ids before they are changed, so that no two batches wait in a circle.
const COUNT = {
  name: 'join-count',
  text: `with locked as (
      select id from firebreak.incident where id = any($1::text[]) order by id for no key update
    )
    update firebreak.incident i set
      alert_count = i.alert_count + d.alerts,
      received_count = i.received_count + d.received,
      flapped_count = i.flapped_count + d.flapped,
      attached_count = i.attached_count + d.attached,
      resolved_count = i.resolved_count + d.resolved,
      suspect = coalesce(i.suspect, d.suspect)
    from locked join
      unnest($1::text[], $2::int[], $3::int[], $4::int[], $5::int[], $6::int[], $7::text[])
      as d (id, alerts, received, flapped, attached, resolved, suspect) on d.id = locked.id
    where i.id = locked.id
    returning i.id, i.received_count as received, i.flapped_count as flapped,
      i.attached_count as attached, i.resolved_count as resolved`,
};

// Stops at the first earlier start of each alert: a thousand flaps cost no more than one. Without a name it is planned
// afresh each time: a plan that was kept from when the table was small reads all alerts of the incident for each one.
const FLAPS = {
  text: `select k.alert_id as "alertId"
    from unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[])
      as k (alert_id, incident_id, source, fingerprint, starts_at)
    cross join lateral (
      select from firebreak.alert a
      where a.incident_id = k.incident_id and a.fingerprint = k.fingerprint and a.status = 'firing'
        and a.source = k.source and a.starts_at <> k.starts_at
      limit 1
    ) earlier`,
};

const flapRow = z.object({ alertId: z.string() });
const countRow = z.object({
  id: z.string(),
  received: z.number(),
  flapped: z.number(),
  attached: z.number(),
  resolved: z.number(),
});

/**
 * Finds or opens the incident of each new alert, in one transaction with the alerts' insert, and answers who joins
 * what; nothing is counted or logged before `record`. `standing` is what `standingOf` answered for these entries in this
 * transaction. Unrouted and quarantined ones join nothing.
 */
export async function joinIncidents(
  connection: Connection,
  entries: readonly Entry[],
  standing: Standing,
): Promise<Joining> {
  const assigned = await assign(connection, routedOf(entries), standing);
  return {
    incidentOf: new Map(assigned.joined.map((one) => [one.entry.alertId, one.incidentId])),
    silenceOf: assigned.silenceOf,
    flapped: () => flappedAmong(connection, assigned),
    record: (flapped) => record(connection, assigned, flapped),
  };
}

async function flappedAmong(
  connection: Connection,
  { joined, begun }: Assigned,
): Promise<ReadonlySet<string>> {
  // What an incident knew before it was closed has begun anew with it.
  const reopened = begun.filter((one) => one.membership.how === 'reopened');
  const fresh = new Set(reopened.map((one) => one.membership.incidentId));
  const firing = joined.filter((one) => one.kind !== 'resolved' && !fresh.has(one.incidentId));
  if (firing.length === 0) return new Set();
  const alerts = firing.map((one) => one.incoming.alert);
  const rows = await connection.rows(
    FLAPS,
    [
      firing.map((one) => one.entry.alertId),
      firing.map((one) => one.incidentId),
      alerts.map((alert) => alert.source),
      alerts.map((alert) => alert.fingerprint),
      alerts.map((alert) => alert.startsAt),
    ],
    flapRow,
  );
  const flapped = new Set(rows.map((row) => row.alertId));
  const seen = new Set<string>();
  for (const { incidentId, incoming, entry } of firing) {
    const identity = JSON.stringify([
      incidentId,
      incoming.alert.source,
      incoming.alert.fingerprint,
    ]);
    if (seen.has(identity)) flapped.add(entry.alertId);
    seen.add(identity);
  }
  return flapped;
}

async function record(
  connection: Connection,
  { joined, begun }: Assigned,
  flapped: ReadonlySet<string>,
): Promise<void> {
  const byIncident = new Map<string, Joined[]>();
  for (const one of joined) {
    const list = byIncident.get(one.incidentId);
    if (list === undefined) byIncident.set(one.incidentId, [one]);
    else list.push(one);
  }
  const started = begun.flatMap(({ membership }) => startWork(membership));
  const startedIds = new Set(
    begun.filter((one) => one.membership.how !== 'joined').map((one) => one.membership.incidentId),
  );
  const woken = [...byIncident.keys()].filter((id) => !startedIds.has(id)).sort();
  const [facts, collected] = await Promise.all([
    countAlerts(connection, byIncident, flapped),
    collect(connection, joined.filter((one) => one.collected).map(collectedAlertOf)),
    addWork(connection, [
      ...started,
      ...woken.map((incidentId) => ({ kind: 'wake-incident', incidentId }) as const),
    ]),
  ]);
  const opening = new Map(
    begun.map(({ membership, request }) => [
      membership.incidentId,
      openingFact(membership, request),
    ]),
  );
  await appendFactsOf(
    connection,
    [...byIncident.keys()].map((incidentId) => {
      const first = opening.get(incidentId) ?? null;
      const rest = [...(facts.get(incidentId) ?? []), ...(collected.get(incidentId) ?? [])];
      return { incidentId, facts: first === null ? rest : [first, ...rest] };
    }),
  );
}

function collectedAlertOf({ incidentId, entry, incoming, routing }: Joined): CollectedAlert {
  const { model, suspect } = routing.incident;
  return {
    ...{ incidentId, model, suspect, incidentKey: routing.incidentKey },
    ...{ title: incoming.alert.title, alertId: entry.alertId, at: entry.delivery.receivedAt },
  };
}

/** Adds to the counters of each incident and answers the facts of the alerts that still get one. */
async function countAlerts(
  connection: Connection,
  byIncident: ReadonlyMap<string, readonly Joined[]>,
  flapped: ReadonlySet<string>,
): Promise<ReadonlyMap<string, readonly NewFact[]>> {
  if (byIncident.size === 0) return new Map();
  const meanings = [...byIncident].map(([incidentId, alerts]) => ({
    incidentId,
    alerts: alerts.length,
    list: alerts.flatMap((one) => [
      { one, kind: one.kind },
      ...(flapped.has(one.entry.alertId) ? [{ one, kind: 'flapped' as const }] : []),
    ]),
  }));
  const counted = ALERT_FACT_KINDS.map((kind) =>
    meanings.map(({ list }) => list.filter((meaning) => meaning.kind === kind).length),
  );
  const rows = await connection.rows(
    COUNT,
    [
      meanings.map((one) => one.incidentId),
      meanings.map((one) => one.alerts),
      ...counted,
      [...byIncident.values()].map(firstSuspect),
    ],
    countRow,
  );
  const totals = new Map(rows.map((row) => [row.id, row]));
  return new Map(
    meanings.map(({ incidentId, list }) => [incidentId, factsOf(list, totals.get(incidentId))]),
  );
}

/** What an incident that knows no suspect yet learns from its alerts; a storm's suspects stay several. */
function firstSuspect(alerts: readonly Joined[]): string | null {
  const named = alerts.find(({ collected, routing }) => !collected && routing.incident.suspect);
  return named?.routing.incident.suspect ?? null;
}

function factsOf(
  list: readonly { readonly one: Joined; readonly kind: AlertFactKind }[],
  totals: z.infer<typeof countRow> | undefined,
): readonly NewFact[] {
  const next = new Map<AlertFactKind, number>(
    ALERT_FACT_KINDS.map((kind) => {
      const added = list.filter((meaning) => meaning.kind === kind).length;
      return [kind, (totals?.[kind] ?? 0) - added];
    }),
  );
  return list.flatMap(({ one, kind }) => {
    const count = (next.get(kind) ?? 0) + 1;
    next.set(kind, count);
    const { alertId, rawSha256, delivery } = one.entry;
    const { receivedAt } = delivery;
    const fact = alertFact(
      kind,
      { alertId, rawSha256, receivedAt, alert: one.incoming.alert },
      count,
    );
    return fact === null ? [] : [fact];
  });
}
