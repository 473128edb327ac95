import { z } from 'zod';
import { requireRow, type Connection } from './connection.ts';
import type { Foreseen, ForeseenAlert } from './foreseen.ts';

// The order of `joinIncidents`: the incident of the key, then who holds a target, then one that was closed lately.
const FORESEE = {
  name: 'alert-foresee',
  text: `select
    (select id from firebreak.alert where source = $1 and dedupe_key = $2) as duplicate,
    (select id from firebreak.incident where incident_key = $3 and accepting) as accepting,
    (select i.id from firebreak.claim c join firebreak.incident i on i.id = c.incident_id
      where c.target = any($4::text[]) and i.accepting and i.drill = $7 order by i.id limit 1) as holder,
    (select id from firebreak.incident
      where incident_key = $3 and state = 'closed' and closed_at >= $5::timestamptz - make_interval(secs => $6)
      order by closed_at desc, number desc limit 1) as closed`,
};

const row = z.object({
  duplicate: z.string().nullable(),
  accepting: z.string().nullable(),
  holder: z.string().nullable(),
  closed: z.string().nullable(),
});

function outcomeOf(found: z.infer<typeof row>, isFiring: boolean): Omit<Foreseen, 'duplicateOf'> {
  const { accepting, holder, closed } = found;
  if (accepting !== null) return { would: 'join', incidentId: accepting };
  if (!isFiring) return { would: 'nothing', incidentId: null };
  if (holder !== null) return { would: 'attach', incidentId: holder };
  if (closed !== null) return { would: 'reopen', incidentId: closed };
  return { would: 'open', incidentId: null };
}

/**
 * What accepting an alert now would lead to; one read, nothing is locked or written. Silences and storms are decided over all
 * alerts of a delivery together and are not foreseen.
 */
export async function foresee(connection: Connection, alert: ForeseenAlert): Promise<Foreseen> {
  const { incoming, routing, at } = alert;
  const values = [
    incoming.alert.source,
    incoming.dedupeKey,
    routing.incidentKey,
    [...routing.claimTargets],
    at,
    routing.reopenWindowSeconds,
    routing.incident.drill,
  ];
  const found = await requireRow(connection.rows(FORESEE, values, row), 'One row is answered.');
  const outcome = outcomeOf(found, incoming.alert.status === 'firing');
  return { duplicateOf: found.duplicate, ...outcome };
}
