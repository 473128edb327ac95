import { z } from 'zod';
import type { AlertReceipt } from '../domain/alert.ts';
import { AppError } from '../domain/error.ts';
import { sha256Hex } from '../evidence/digest.ts';
import type { Connection } from './connection.ts';
import { freshId } from './identity.ts';
import { insertAlerts, insertDeliveries, lockSilenced, readmitAlerts } from './alert-insert.ts';
import type { Places } from './alert-insert.ts';
import { standingOf } from './assignment.ts';
import type { Standing } from './assignment.ts';
import { joinIncidents } from './join.ts';
import { countSuppressed } from './silence.ts';
import type { Delivery } from './tables.ts';

/** Most alerts of one transaction. */
export const ALERTS_PER_ACCEPT_MAX = 10_000;

/** One element of a delivery on its way in. */
export interface Entry {
  readonly alertId: string;
  readonly source: string;
  readonly dedupeKey: string;
  readonly delivery: Delivery;
  readonly rawSha256: string;
  readonly item: Delivery['alerts'][number];
}

/** The alert that an element is, whether it is new or not. */
interface Known {
  readonly alertId: string;
  readonly incidentId: string | null;
  readonly silenceId: string | null;
  /** SHA-256 (hex) of the bytes that it first came in. */
  readonly rawSha256: string;
}

// The limit keeps it a look at the unique index for each alert, however the table was when it was planned.
const KNOWN = {
  name: 'alert-known',
  text: `select k.source, k.dedupe_key as "dedupeKey", a.id as "alertId", a.incident_id as "incidentId",
      a.silence_id as "silenceId", encode(a.delivery_sha256, 'hex') as "rawSha256"
    from unnest($1::text[], $2::text[]) as k (source, dedupe_key)
    cross join lateral (
      select id, incident_id, silence_id, delivery_sha256 from firebreak.alert
      where source = k.source and dedupe_key = k.dedupe_key
      limit 1
    ) a`,
};

const knownRow = z.object({
  source: z.string(),
  dedupeKey: z.string(),
  alertId: z.string(),
  incidentId: z.string().nullable(),
  silenceId: z.string().nullable(),
  rawSha256: z.string(),
});

function identityOf(element: { readonly source: string; readonly dedupeKey: string }): string {
  return JSON.stringify([element.source, element.dedupeKey]);
}

function entriesOf(delivery: Delivery): readonly Entry[] {
  const rawSha256 = sha256Hex(delivery.raw);
  return delivery.alerts.map((item) => ({
    alertId: freshId('alr'),
    source: item.kind === 'alert' ? item.incoming.alert.source : item.alert.source,
    dedupeKey: item.kind === 'alert' ? item.incoming.dedupeKey : item.alert.dedupeKey,
    delivery,
    rawSha256,
    item,
  }));
}

async function knownAlerts(
  connection: Connection,
  entries: readonly Entry[],
): Promise<Map<string, Known>> {
  const sources = entries.map((entry) => entry.source);
  const keys = entries.map((entry) => entry.dedupeKey);
  const rows = await connection.rows(KNOWN, [sources, keys], knownRow);
  return new Map(rows.map((row) => [identityOf(row), row]));
}

function receiptOf(entry: Entry, known: Known): AlertReceipt {
  const { alertId, incidentId, silenceId } = known;
  const duplicate = alertId !== entry.alertId;
  const silencedBy = incidentId === null && silenceId !== null ? { silencedBy: silenceId } : {};
  const receipt = { alertId, duplicate, incidentId, ...silencedBy };
  return entry.item.kind === 'alert' ? receipt : { ...receipt, problem: entry.item.alert.problem };
}

/** Of some elements, what is to be stored, and what is stored and still belongs to nobody. */
interface News {
  readonly fresh: readonly Entry[];
  /** Suppressed before and sent again: the silence may be over by now. */
  readonly returning: readonly Entry[];
}

/** Of equal elements the first counts, the others repeat it. */
function newsOf(entries: readonly Entry[], known: ReadonlyMap<string, Known>): News {
  const fresh = new Map<string, Entry>();
  const returning = new Map<string, Entry>();
  for (const entry of entries) {
    const identity = identityOf(entry);
    const found = known.get(identity);
    if (found === undefined) {
      if (!fresh.has(identity)) fresh.set(identity, entry);
      continue;
    }
    const firing = entry.item.kind === 'alert' && entry.item.incoming.alert.status === 'firing';
    if (!firing || found.silenceId === null || found.incidentId !== null) continue;
    const { alertId, rawSha256 } = found;
    returning.set(identity, { ...entry, alertId, rawSha256 });
  }
  return { fresh: [...fresh.values()], returning: [...returning.values()] };
}

/**
 * Commits what is new of some deliveries: a handful of statements whatever their number. To be run in one
 * transaction; a lost race for an alert or a key raises and wants the transaction to be run again. Answers a
 * receipt per element, in order, per delivery. Raises `too_large` past 10,000 alerts.
 */
export async function acceptDeliveries(
  connection: Connection,
  deliveries: readonly Delivery[],
): Promise<readonly (readonly AlertReceipt[])[]> {
  const all = deliveries.map(entriesOf);
  const entries = all.flat();
  if (entries.length > ALERTS_PER_ACCEPT_MAX) {
    throw new AppError('too_large', 'Too many alerts at once.', {
      details: { alerts: entries.length, alertsMax: ALERTS_PER_ACCEPT_MAX },
    });
  }
  // One flight: what is known already, and where the others could belong.
  const [known, standing] = await Promise.all([
    knownAlerts(connection, entries),
    standingOf(connection, entries),
  ]);
  const news = newsOf(entries, known);
  const { incidentOf, silenceOf } = await write(connection, deliveries, { news, known, standing });
  for (const entry of [...news.fresh, ...news.returning]) {
    const { alertId, rawSha256 } = entry;
    const before = known.get(identityOf(entry))?.silenceId ?? null;
    known.set(identityOf(entry), {
      ...{ alertId, rawSha256, incidentId: incidentOf.get(alertId) ?? null },
      silenceId: silenceOf.get(alertId) ?? before,
    });
  }
  return all.map((part) =>
    part.map((entry) => {
      const found = known.get(identityOf(entry));
      if (found === undefined) throw new AppError('internal', 'An alert got no answer.');
      return receiptOf(entry, found);
    }),
  );
}

/** What has been worked out of some deliveries before anything is written. */
interface Worked {
  readonly news: News;
  readonly known: ReadonlyMap<string, Known>;
  readonly standing: Standing;
}

async function write(
  connection: Connection,
  deliveries: readonly Delivery[],
  { news: { fresh, returning }, known, standing }: Worked,
): Promise<Places> {
  const bringing = new Set(fresh.map((entry) => entry.delivery));
  // A delivery that brings nothing new was stored with the first one that did; an empty one is kept as it came.
  const kept = deliveries.filter(
    (delivery) => delivery.alerts.length === 0 || bringing.has(delivery),
  );
  const free = await lockSilenced(
    connection,
    returning.map(({ alertId }) => alertId),
  );
  const back = returning.filter(({ alertId }) => free.has(alertId));
  if (fresh.length + back.length === 0) {
    await insertDeliveries(connection, kept);
    return { incidentOf: new Map(), silenceOf: new Map() };
  }
  const joining = await joinIncidents(connection, [...fresh, ...back], standing);
  const counted = [
    ...fresh,
    ...back.filter(
      (entry) => joining.silenceOf.get(entry.alertId) !== known.get(identityOf(entry))?.silenceId,
    ),
  ].flatMap(({ alertId }) => joining.silenceOf.get(alertId) ?? []);
  // One flight, in this order: the earlier starts are those before these alerts.
  const [flapped] = await Promise.all([
    joining.flapped(),
    insertDeliveries(connection, kept),
    insertAlerts(connection, fresh, joining),
    readmitAlerts(connection, back, joining),
    countSuppressed(connection, counted, deliveries.at(-1)?.receivedAt ?? ''),
  ]);
  await joining.record(flapped);
  return joining;
}
