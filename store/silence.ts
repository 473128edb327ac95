import { z } from 'zod';
import type { IncomingAlert } from '../domain/alert.ts';
import { newFact } from '../domain/fact.ts';
import { isMatched } from '../domain/silence.ts';
import type { Silence, SilenceMatcher } from '../domain/silence.ts';
import { alertRow } from './alert-row.ts';
import { appendFacts } from './append.ts';
import { cleanText, document, idRow, jsonText, timestamp } from './column.ts';
import { firstRow, requireRow } from './connection.ts';
import type { Connection } from './connection.ts';
import { cursorNumber, pageOf } from './page.ts';
import type { NewSnooze, SilenceTable } from './silence-table.ts';
import type { Page, PageRequest, StoredAlert } from './tables.ts';

/** Silences in force at once that are looked at. */
const IN_FORCE_MAX = 1000;
const TEXT_CHARACTERS_MAX = 2000;

const COLUMNS = `id, matchers, starts_at as "startsAt", ends_at as "endsAt", owner, reason,
  created_by as "createdBy", created_at as "createdAt", ended_at as "endedAt", ended_by as "endedBy",
  ended_reason as "endedReason", suppressed_count as "suppressedCount",
  last_suppressed_at as "lastSuppressedAt"`;

const PUT = {
  name: 'silence-put',
  text: `insert into firebreak.silence (id, matchers, starts_at, ends_at, owner, reason, created_by, channel,
      created_at)
    values ($1, $2, $3, $4, $5, $6, $7, $8, $9) on conflict (id) do nothing`,
};

const GET = { name: 'silence-get', text: `select ${COLUMNS} from firebreak.silence where id = $1` };

const LIST = {
  name: 'silence-list',
  text: `select number, ${COLUMNS} from firebreak.silence
    where ($1::text is null
        or case when ended_at is not null or ends_at <= $2 then 'expired'
          when starts_at > $2 then 'pending' else 'active' end = $1)
      and ($3::bigint is null or number < $3)
    order by number desc limit $4`,
};

const END = {
  name: 'silence-end',
  text: `update firebreak.silence set ended_at = $2, ended_by = $3, ended_reason = $4
    where id = $1 and ended_at is null and ends_at > $2 returning id`,
};

const IN_FORCE = {
  name: 'silence-in-force',
  text: `select id, matchers from firebreak.silence
    where starts_at <= $1 and ends_at > $1 and ended_at is null order by number limit $2`,
};

const COUNT = {
  name: 'silence-count',
  text: `with locked as (
      select id from firebreak.silence where id = any($1::text[]) order by id for no key update
    )
    update firebreak.silence s set suppressed_count = s.suppressed_count + c.alerts, last_suppressed_at = $3
    from locked join unnest($1::text[], $2::int[]) as c (id, alerts) on c.id = locked.id
    where s.id = locked.id`,
};

const ALERTS = {
  name: 'silence-alerts',
  text: `select sequence, id, incident_id as "incidentId", incoming, problem, received_at as "receivedAt"
    from firebreak.alert
    where silence_id = $1 and ($2::bigint is null or sequence > $2) order by sequence limit $3`,
};

// What a resolved alert has ended since is over. Of the others none is left out: they still fire as far as we know.
const STILL_FIRING = {
  name: 'silence-still-firing',
  text: `select a.incoming from firebreak.silence s join firebreak.alert a on a.silence_id = s.id
    where s.readmitted_at is null and (s.ends_at <= $1 or s.ended_at <= $1)
      and a.incident_id is null and a.status = 'firing' and not exists (
        select from firebreak.alert r where r.source = a.source and r.fingerprint = a.fingerprint
          and r.status = 'resolved' and r.starts_at = a.starts_at)
    order by a.sequence limit $2`,
};

const READMITTED = {
  name: 'silence-readmitted',
  text: `update firebreak.silence set readmitted_at = $1
    where readmitted_at is null and (ends_at <= $1 or ended_at <= $1)`,
};

const SNOOZE = {
  name: 'snooze-put',
  text: `insert into firebreak.snooze (id, incident_id, ends_at, reason, person, channel, created_at)
    values ($1, $2, $3, $4, $5, $6, $7) on conflict (id) do nothing returning id`,
};

const SNOOZED_UNTIL = {
  name: 'snooze-until',
  text: `select ends_at as "endsAt" from firebreak.snooze where incident_id = $1
    order by number desc limit 1`,
};

const silenceRow = z.object({
  id: z.string(),
  matchers: document<readonly SilenceMatcher[]>(),
  startsAt: timestamp,
  endsAt: timestamp,
  owner: z.string(),
  reason: z.string(),
  createdBy: z.string(),
  createdAt: timestamp,
  endedAt: timestamp.nullable(),
  endedBy: z.string().nullable(),
  endedReason: z.string().nullable(),
  suppressedCount: z.number(),
  lastSuppressedAt: timestamp.nullable(),
}) satisfies z.ZodType<Silence>;

const numberedRow = silenceRow
  .extend({ number: z.number() })
  .transform(({ number, ...silence }) => ({ number, silence }));

const incomingRow = z.object({ incoming: document<IncomingAlert>() });

function clean(text: string): string {
  return cleanText(text, TEXT_CHARACTERS_MAX);
}

/** A silence in force, as far as alerts are held against it. */
export type SilenceInForce = Pick<Silence, 'id' | 'matchers'>;

const inForceRow = z.object({
  id: z.string(),
  matchers: document<readonly SilenceMatcher[]>(),
});
const snoozedRow = z.object({ endsAt: timestamp });

/** The silences that hold at a moment, the oldest first. */
export async function silencesAt(
  connection: Connection,
  at: string,
): Promise<readonly SilenceInForce[]> {
  return connection.rows(IN_FORCE, [at, IN_FORCE_MAX], inForceRow);
}

/** The silence that keeps an alert from opening an incident, or undefined. */
export function silenceOf(
  silences: readonly SilenceInForce[],
  labels: Readonly<Record<string, string>>,
): string | undefined {
  return silences.find(({ matchers }) => isMatched(matchers, labels))?.id;
}

/** Counts what silences suppressed, in the order of their ids. */
export async function countSuppressed(
  connection: Connection,
  silenceIds: readonly string[],
  at: string,
): Promise<void> {
  if (silenceIds.length === 0) return;
  const counts = new Map<string, number>();
  for (const id of silenceIds) counts.set(id, (counts.get(id) ?? 0) + 1);
  await connection.write(COUNT, [[...counts.keys()], [...counts.values()], at]);
}

async function put(
  connection: Connection,
  silence: Parameters<SilenceTable['put']>[0],
): Promise<Silence> {
  const { id, matchers, startsAt, endsAt, owner, reason, createdBy, channel, createdAt } = silence;
  await connection.write(PUT, [
    ...[id, jsonText(matchers), startsAt, endsAt, clean(owner), clean(reason)],
    ...[createdBy, channel, createdAt],
  ]);
  return requireRow(connection.rows(GET, [id], silenceRow), `There is no silence ${id}.`);
}

async function list(
  connection: Connection,
  { state, now }: Parameters<SilenceTable['list']>[0],
  page: PageRequest,
): Promise<Page<Silence>> {
  const values = [state, now, cursorNumber(page), page.limit + 1];
  const rows = await connection.rows(LIST, values, numberedRow);
  return pageOf(rows, page.limit, { item: (row) => row.silence, cursor: (row) => row.number });
}

async function alertsOf(
  connection: Connection,
  silenceId: string,
  page: PageRequest,
): Promise<Page<StoredAlert>> {
  const values = [silenceId, cursorNumber(page), page.limit + 1];
  const rows = await connection.rows(ALERTS, values, alertRow);
  return pageOf(rows, page.limit, { item: (row) => row.stored, cursor: (row) => row.sequence });
}

async function snooze(connection: Connection, wanted: NewSnooze): Promise<void> {
  const { id, incidentId, endsAt, reason, person, name, channel, createdAt } = wanted;
  const why = clean(reason);
  const values = [id, incidentId, endsAt, why, person, channel, createdAt];
  const row = await firstRow(connection.rows(SNOOZE, values, idRow));
  if (row === null) return;
  const ends = Date.parse(endsAt) <= Date.parse(createdAt);
  await appendFacts(connection, incidentId, [
    newFact({
      key: `snooze/${id}`,
      kind: 'incident.snoozed',
      actor: person,
      occurredAt: createdAt,
      summary: ends
        ? `${clean(name)} ended the quiet: ${why}`
        : `${clean(name)} asked for quiet until ${endsAt}: ${why}`,
      data: { until: endsAt, reason: why },
    }),
  ]);
}

/** Silences and snoozes over a connection; see the contract for what each function answers. */
export function createSilenceTable(connection: Connection): SilenceTable {
  return {
    put: (silence) => put(connection, silence),
    get: (id) => firstRow(connection.rows(GET, [id], silenceRow)),
    list: (filter, page) => list(connection, filter, page),
    end: async (id, { by, reason, at }) =>
      (await connection.write(END, [id, at, by, clean(reason)])) > 0,
    alertsOf: (id, page) => alertsOf(connection, id, page),
    stillFiring: async (at, limit) =>
      (await connection.rows(STILL_FIRING, [at, limit], incomingRow)).map((row) => row.incoming),
    readmitted: async (at) => {
      await connection.write(READMITTED, [at]);
    },
    snooze: (wanted) => connection.atomic((transaction) => snooze(transaction, wanted)),
    snoozedUntil: async (incidentId) => {
      const row = await firstRow(connection.rows(SNOOZED_UNTIL, [incidentId], snoozedRow));
      return row?.endsAt ?? null;
    },
  };
}
