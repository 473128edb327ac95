import { sha256Hex } from '../evidence/digest.ts';
import type { Entry } from './accept.ts';
import { cleanText, idRow, jsonText } from './column.ts';
import type { Connection } from './connection.ts';
import type { Delivery } from './tables.ts';

const TEXT_CHARACTERS_MAX = 1000;

const INSERT_DELIVERIES = {
  name: 'delivery-insert',
  text: `insert into firebreak.delivery (source, sha256, content_type, headers, raw, received_at)
    select d.source, decode(d.sha256, 'hex'), d.content_type, d.headers, d.raw, d.received_at
    from unnest($1::text[], $2::text[], $3::text[], $4::json[], $5::bytea[], $6::timestamptz[])
      as d (source, sha256, content_type, headers, raw, received_at)
    order by d.source, d.sha256
    on conflict do nothing`,
};

// No ON CONFLICT: an alert that somebody else inserted meanwhile must not have opened or joined anything.
const INSERT_ALERTS = {
  name: 'alert-insert',
  text: `insert into firebreak.alert (id, source, dedupe_key, delivery_sha256, incident_id, status,
      fingerprint, starts_at, incoming, problem, field, received_at, silence_id)
    select a.id, a.source, a.dedupe_key, decode(a.sha256, 'hex'), a.incident_id, a.status,
      a.fingerprint, a.starts_at, a.incoming, a.problem, a.field, a.received_at, a.silence_id
    from unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[], $7::text[],
        $8::text[], $9::json[], $10::text[], $11::text[], $12::timestamptz[], $13::text[])
      with ordinality as a (id, source, dedupe_key, sha256, incident_id, status, fingerprint,
        starts_at, incoming, problem, field, received_at, silence_id, n)
    order by a.n`,
};

// A batch that took the same one in again meanwhile was faster, and waits for nothing of ours.
const LOCK_SILENCED = {
  name: 'alert-lock-silenced',
  text: `select id from firebreak.alert where id = any($1::text[]) and incident_id is null
    order by id for update`,
};

const READMIT = {
  name: 'alert-readmit',
  text: `update firebreak.alert a set incident_id = r.incident_id, silence_id = coalesce(r.silence_id, a.silence_id)
    from unnest($1::text[], $2::text[], $3::text[]) as r (id, incident_id, silence_id) where a.id = r.id`,
};

/** Where alerts belong: an incident, a silence, or neither. */
export interface Places {
  readonly incidentOf: ReadonlyMap<string, string>;
  readonly silenceOf: ReadonlyMap<string, string>;
}

function clean(text: string | null | undefined): string | null {
  return text === null || text === undefined ? null : cleanText(text, TEXT_CHARACTERS_MAX);
}

/** Stores raw deliveries, once per source and content. */
export async function insertDeliveries(
  connection: Connection,
  deliveries: readonly Delivery[],
): Promise<void> {
  if (deliveries.length === 0) return;
  await connection.write(INSERT_DELIVERIES, [
    deliveries.map((delivery) => delivery.source),
    deliveries.map((delivery) => sha256Hex(delivery.raw)),
    deliveries.map((delivery) => clean(delivery.contentType)),
    deliveries.map((delivery) => jsonText(delivery.headers)),
    deliveries.map(({ raw }) => Buffer.from(raw.buffer, raw.byteOffset, raw.byteLength)),
    deliveries.map((delivery) => delivery.receivedAt),
  ]);
}

/** Of suppressed alerts that came again, those that still belong to nobody, held until the transaction ends. */
export async function lockSilenced(
  connection: Connection,
  alertIds: readonly string[],
): Promise<ReadonlySet<string>> {
  if (alertIds.length === 0) return new Set();
  const rows = await connection.rows(LOCK_SILENCED, [alertIds], idRow);
  return new Set(rows.map(({ id }) => id));
}

/** Puts suppressed alerts that came again where they belong now. */
export async function readmitAlerts(
  connection: Connection,
  entries: readonly Entry[],
  { incidentOf, silenceOf }: Places,
): Promise<void> {
  const ids = entries.map((entry) => entry.alertId);
  if (ids.length === 0) return;
  const incidents = ids.map((id) => incidentOf.get(id) ?? null);
  await connection.write(READMIT, [ids, incidents, ids.map((id) => silenceOf.get(id) ?? null)]);
}

/** Stores new alerts with the incident that each joined, or the silence that suppressed it. Raises `conflict` when somebody else stored one. */
export async function insertAlerts(
  connection: Connection,
  entries: readonly Entry[],
  { incidentOf, silenceOf }: Places,
): Promise<void> {
  if (entries.length === 0) return;
  const incoming = entries.map(({ item }) => (item.kind === 'alert' ? item.incoming : null));
  const quarantined = entries.map(({ item }) => (item.kind === 'alert' ? null : item.alert));
  await connection.write(INSERT_ALERTS, [
    entries.map((entry) => entry.alertId),
    entries.map((entry) => entry.source),
    entries.map((entry) => entry.dedupeKey),
    entries.map((entry) => entry.rawSha256),
    entries.map((entry) => incidentOf.get(entry.alertId) ?? null),
    incoming.map((one) => one?.alert.status ?? null),
    incoming.map((one) => one?.alert.fingerprint ?? null),
    incoming.map((one) => one?.alert.startsAt ?? null),
    incoming.map(jsonText),
    quarantined.map((one) => clean(one?.problem)),
    quarantined.map((one) => clean(one?.field)),
    entries.map((entry) => entry.delivery.receivedAt),
    entries.map((entry) => silenceOf.get(entry.alertId) ?? null),
  ]);
}
