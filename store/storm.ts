import { z } from 'zod';
import { newFact } from '../domain/fact.ts';
import type { NewFact } from '../domain/fact.ts';
import type { StormSuspect } from '../domain/storm.ts';
import { anyRow, cleanText, timestamp } from './column.ts';
import type { Connection } from './connection.ts';
import { keyRow } from './membership.ts';
import type { Memberships } from './membership.ts';
import type { StormRouting } from './routing.ts';

/** Suspects of one storm that get a row; alerts of later ones are alerts of the storm, without a row of their own. */
const SUSPECTS_MAX = 1000;
/** Suspects of one storm that get a fact as well. */
const SUSPECT_FACTS_MAX = 100;
const TEXT_CHARACTERS_MAX = 300;

// KEY SHARE for the same reason as in membership: alerts pass each other, close waits for them.
const COLLECTED = {
  name: 'storm-collected',
  text: `select i.id, s.incident_key as key, i.generation from firebreak.storm_suspect s
    join firebreak.incident i on i.id = s.incident_id
    where s.incident_key = any($1::text[]) and i.accepting order by i.id for key share of i`,
};

// In the order of keys, so that no two transactions wait for each other in a circle.
const LOCK = {
  name: 'storm-lock',
  text: `select pg_advisory_xact_lock(hashtextextended('storm ' || k.key, 0))::text as locked
    from unnest($1::text[]) as k (key)`,
};

const OPENED = {
  name: 'storm-opened',
  text: `select k.key, opened.count::int as opened
    from unnest($1::text[], $2::timestamptz[], $3::int[]) as k (key, since, most)
    cross join lateral (
      select count(*) from (
        select from firebreak.incident i
        where i.storm_key = k.key and i.opened_at > k.since and i.incident_key <> k.key limit k.most
      ) counted
    ) opened`,
};

const COLLECT = {
  name: 'storm-collect',
  text: `with known as (
      select incident_id, count(*)::int as count from firebreak.storm_suspect
      where incident_id = any($1::text[]) group by incident_id
    )
    insert into firebreak.storm_suspect (incident_id, incident_key, number, model, suspect, title,
      first_alert_id, first_at, last_at, alert_count)
    select g.incident_id, g.incident_key, coalesce(k.count, 0) + g.n, g.model, g.suspect, g.title, g.alert_id, g.at, g.at,
      g.alerts
    from unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[], $7::timestamptz[], $8::int[])
      with ordinality as g (incident_id, incident_key, model, suspect, title, alert_id, at, alerts, n)
    left join known k on k.incident_id = g.incident_id
    where coalesce(k.count, 0) + g.n <= $9 or exists (
      select from firebreak.storm_suspect s
      where s.incident_id = g.incident_id and s.incident_key = g.incident_key)
    order by g.incident_id, g.incident_key
    on conflict (incident_id, incident_key) do update set
      alert_count = storm_suspect.alert_count + excluded.alert_count,
      last_at = greatest(storm_suspect.last_at, excluded.last_at)
    returning incident_id as "incidentId", incident_key as "incidentKey", number,
      first_alert_id as "firstAlertId"`,
};

const SUSPECTS = {
  name: 'storm-suspects',
  text: `select model, suspect, title, alert_count as "alertCount", first_at as "firstAt", last_at as "lastAt"
    from firebreak.storm_suspect where incident_id = $1 order by number, incident_key limit $2`,
};

const collectedRow = z.object({
  incidentId: z.string(),
  incidentKey: z.string(),
  number: z.number(),
  firstAlertId: z.string(),
});

const suspectRow: z.ZodType<StormSuspect> = z.object({
  model: z.string().nullable(),
  suspect: z.string().nullable(),
  title: z.string(),
  alertCount: z.number(),
  firstAt: timestamp,
  lastAt: timestamp,
});

/** By incident key, the storm incident that collected it and accepts alerts; held against closing. */
export async function collectedOf(
  connection: Connection,
  keys: readonly string[],
): Promise<Memberships> {
  if (keys.length === 0) return new Map();
  const rows = await connection.rows(COLLECTED, [keys], keyRow);
  return new Map(
    rows.map(({ id, key, generation }) => [key, { incidentId: id, how: 'joined', generation }]),
  );
}

/**
 * By storm key, how many more incidents may open by themselves. Until the transaction ends nobody else opens any of
 * these kinds, so that a storm on several connections is counted to the last one.
 */
export async function roomOf(
  connection: Connection,
  storms: readonly StormRouting[],
  at: string,
): Promise<ReadonlyMap<string, number>> {
  const kinds = [...new Map(storms.map((storm) => [storm.key, storm])).values()];
  if (kinds.length === 0) return new Map();
  kinds.sort((a, b) => (a.key < b.key ? -1 : 1));
  const since = (storm: StormRouting): string =>
    new Date(Date.parse(at) - storm.windowSeconds * 1000).toISOString();
  const keys = kinds.map(({ key }) => key);
  const [, rows] = await Promise.all([
    connection.rows(LOCK, [keys], anyRow),
    connection.rows(
      OPENED,
      [keys, kinds.map(since), kinds.map((storm) => storm.newIncidentsMax)],
      z.object({ key: z.string(), opened: z.number() }),
    ),
  ]);
  const opened = new Map(rows.map((row) => [row.key, row.opened]));
  return new Map(
    kinds.map(({ key, newIncidentsMax }) => [key, newIncidentsMax - (opened.get(key) ?? 0)]),
  );
}

/** An alert that a storm incident collects. */
export interface CollectedAlert {
  readonly incidentId: string;
  readonly incidentKey: string;
  readonly model: string | null;
  readonly suspect: string | null;
  readonly title: string;
  readonly alertId: string;
  /** When it arrived, RFC 3339. */
  readonly at: string;
}

function clean(text: string | null): string | null {
  return text === null ? null : cleanText(text, TEXT_CHARACTERS_MAX);
}

/** Lists the suspects of storms; answers, by incident, the facts of those that are new. */
export async function collect(
  connection: Connection,
  alerts: readonly CollectedAlert[],
): Promise<ReadonlyMap<string, readonly NewFact[]>> {
  const groups = new Map<string, { readonly first: CollectedAlert; count: number }>();
  for (const alert of alerts) {
    const identity = JSON.stringify([alert.incidentId, alert.incidentKey]);
    const group = groups.get(identity);
    if (group === undefined) groups.set(identity, { first: alert, count: 1 });
    else group.count += 1;
  }
  const list = [...groups.values()];
  if (list.length === 0) return new Map();
  const first = list.map((group) => group.first);
  const rows = await connection.rows(
    COLLECT,
    [
      first.map((one) => one.incidentId),
      first.map((one) => one.incidentKey),
      first.map((one) => clean(one.model)),
      first.map((one) => clean(one.suspect)),
      first.map((one) => clean(one.title)),
      first.map((one) => one.alertId),
      first.map((one) => one.at),
      list.map((group) => group.count),
      SUSPECTS_MAX,
    ],
    collectedRow,
  );
  const facts = new Map<string, readonly NewFact[]>();
  for (const one of first) {
    const row = rows.find(
      (candidate) =>
        candidate.incidentId === one.incidentId && candidate.incidentKey === one.incidentKey,
    );
    if (row?.firstAlertId !== one.alertId || row.number > SUSPECT_FACTS_MAX) continue;
    facts.set(one.incidentId, [...(facts.get(one.incidentId) ?? []), suspectFact(one, row.number)]);
  }
  return facts;
}

function suspectFact(one: CollectedAlert, number: number): NewFact {
  const title = cleanText(one.title, TEXT_CHARACTERS_MAX);
  const about = clean(one.model ?? one.suspect);
  return newFact({
    key: `storm/${one.incidentKey}`,
    kind: 'storm.collected',
    summary: `The storm collects ${about === null ? 'an alert that names no model' : about}: ${title}`,
    data: {
      model: clean(one.model),
      suspect: clean(one.suspect),
      alertId: one.alertId,
      number,
      ...(number === SUSPECT_FACTS_MAX ? { laterAreListedOnly: true } : {}),
    },
  });
}

/** The suspects of a storm incident, in the order of their coming. */
export async function suspectsOf(
  connection: Connection,
  incidentId: string,
  limit: number,
): Promise<readonly StormSuspect[]> {
  return connection.rows(SUSPECTS, [incidentId, Math.min(limit, SUSPECTS_MAX)], suspectRow);
}
