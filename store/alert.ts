import { z } from 'zod';
import type { IncomingAlert } from '../domain/alert.ts';
import { acceptDeliveries } from './accept.ts';
import { alertRow } from './alert-row.ts';
import { requireRow, withRaces } from './connection.ts';
import type { Connection } from './connection.ts';
import { cursorNumber, pageOf } from './page.ts';
import { foresee } from './foresee.ts';
import type { AlertTable, Page, PageRequest, StoredAlert } from './tables.ts';

const OF_INCIDENT = {
  name: 'alert-of-incident',
  text: `select sequence, id, incident_id as "incidentId", incoming, problem, received_at as "receivedAt"
    from firebreak.alert
    where incident_id = $1 and ($2::bigint is null or sequence > $2) order by sequence limit $3`,
};

// Alertmanager lists times to the millisecond and tells them to the nanosecond.
const KNOWN_STARTS = {
  name: 'alert-known-starts',
  text: `select k.n::int as n
    from unnest($1::text[], $2::text[], $3::text[]) with ordinality as k (source, fingerprint, starts_at, n)
    where exists (
      select from firebreak.alert a
      where a.source = k.source and a.fingerprint = k.fingerprint and a.status = 'firing'
        and date_trunc('milliseconds', a.starts_at::timestamptz)
          = date_trunc('milliseconds', k.starts_at::timestamptz))`,
};

// The row as it was before: locked first, against alerts on their way in as well, and read under that lock.
const DRAIN = {
  name: 'alert-drain',
  text: `update firebreak.incident i set alert_drained = i.alert_count
    from (select id, alert_count - alert_drained as drained from firebreak.incident
      where id = $1 for update) before
    where i.id = before.id
    returning before.drained, i.alert_count as total`,
};

const placeRow = z.object({ n: z.number() });
const drainedRow = z.object({ drained: z.number(), total: z.number() });

async function ofIncident(
  connection: Connection,
  incidentId: string,
  page: PageRequest,
): Promise<Page<StoredAlert>> {
  const values = [incidentId, cursorNumber(page), page.limit + 1];
  const rows = await connection.rows(OF_INCIDENT, values, alertRow);
  return pageOf(rows, page.limit, { item: (row) => row.stored, cursor: (row) => row.sequence });
}

async function missedAmong(
  connection: Connection,
  alerts: readonly IncomingAlert[],
): Promise<readonly IncomingAlert[]> {
  if (alerts.length === 0) return [];
  const rows = await connection.rows(
    KNOWN_STARTS,
    [
      alerts.map(({ alert }) => alert.source),
      alerts.map(({ alert }) => alert.fingerprint),
      alerts.map(({ alert }) => alert.startsAt),
    ],
    placeRow,
  );
  const known = new Set(rows.map(({ n }) => n - 1));
  return alerts.filter((_, index) => !known.has(index));
}

/** Alerts over a connection; see the contract for what each function answers. */
export function createAlertTable(connection: Connection): AlertTable {
  return {
    accept: (deliveries) =>
      withRaces(connection, (transaction) => acceptDeliveries(transaction, deliveries)),
    missedAmong: (alerts) => missedAmong(connection, alerts),
    foresee: (alert) => foresee(connection, alert),
    ofIncident: (incidentId, page) => ofIncident(connection, incidentId, page),
    drain: (incidentId) =>
      requireRow(
        connection.rows(DRAIN, [incidentId], drainedRow),
        `There is no incident ${incidentId}.`,
      ),
  };
}
