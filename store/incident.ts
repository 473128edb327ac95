import { z } from 'zod';
import { AppError } from '../domain/error.ts';
import type { Incident } from '../domain/incident.ts';
import { appendFacts } from './append.ts';
import { jsonText } from './column.ts';
import { firstRow, requireRow, withRaces } from './connection.ts';
import type { Connection } from './connection.ts';
import { INCIDENT_COLUMNS, incidentRow } from './incident-row.ts';
import { generationRow, openOrReopen } from './membership.ts';
import { openingFact, startWork } from './opening.ts';
import { addWork } from './outbox.ts';
import { cursorNumber, pageOf } from './page.ts';
import { suspectsOf } from './storm.ts';
import { routeCounts } from './route-report.ts';
import type { IncidentChange, IncidentTable, Page, PageRequest } from './tables.ts';

const UNFINISHED_MAX = 10_000;

// Alerts hold KEY SHARE and then want more. Whoever takes less than FOR UPDATE first and locks the row later would
// wait for them in a circle.
const FIRST_LOCK = `with locked (locked_id) as (select id from firebreak.incident where id = $1 for update)`;

const GET = {
  name: 'incident-get',
  text: `select ${INCIDENT_COLUMNS} from firebreak.incident where id = $1`,
};
const BY_NUMBER = {
  name: 'incident-by-number',
  text: `select ${INCIDENT_COLUMNS} from firebreak.incident where number = $1`,
};
const LOCK = { name: 'incident-lock', text: `${GET.text} for update` };

const LIST = {
  name: 'incident-list',
  text: `select ${INCIDENT_COLUMNS} from firebreak.incident
    where ($1::text[] is null or state = any($1)) and ($2::bigint is null or number < $2)
      and ($4::text[] is null or model = any($4))
    order by number desc limit $3`,
};

const UNFINISHED = {
  name: 'incident-unfinished',
  text: `select ${INCIDENT_COLUMNS} from firebreak.incident where state <> 'closed' order by number limit $1`,
};

const NEXT_GENERATION = {
  name: 'incident-next-generation',
  text: `${FIRST_LOCK} update firebreak.incident set generation = generation + 1,
      state = case when state = 'stuck' then 'pending' else state end
    from locked
    where id = locked_id and generation = $2 and state <> 'closed' returning generation`,
};

const STOP_ACCEPTING = {
  name: 'incident-stop-accepting',
  text: `update firebreak.incident set accepting = false
    where id = $1 and alert_drained = alert_count returning id`,
};

const REQUEST = {
  name: 'incident-request',
  text: `select incident_id as id from firebreak.incident_request where request_id = $1`,
};

const PUT_REQUEST = {
  name: 'incident-request-put',
  text: `insert into firebreak.incident_request (request_id, incident_id) values ($1, $2)`,
};

/** Column of each property that may change. */
const CHANGE_COLUMNS: Readonly<Record<keyof IncidentChange, string>> = {
  title: 'title',
  state: 'state',
  stateReason: 'state_reason',
  owner: 'owner',
  severity: 'severity',
  phase: 'phase',
  model: 'model',
  targets: 'targets',
  playbookName: 'playbook_name',
  playbookDigest: 'playbook_digest',
  step: 'step',
  paused: 'paused',
  acknowledgedBy: 'acknowledged_by',
  verdict: 'verdict',
  containedAt: 'contained_at',
  restoredAt: 'restored_at',
  stabilisedAt: 'stabilised_at',
  closedAt: 'closed_at',
  mode: 'mode',
  vetoUntil: 'veto_until',
};

const idRow = z.object({ id: z.string() });

async function get(connection: Connection, id: string): Promise<Incident> {
  return requireRow(connection.rows(GET, [id], incidentRow), `There is no incident ${id}.`);
}

async function change(
  connection: Connection,
  id: string,
  wanted: IncidentChange,
): Promise<Incident> {
  const given = new Map<string, unknown>(Object.entries(wanted));
  const sets: string[] = [];
  // Names the prepared statement; Postgres tells no more than 63 characters of a name apart.
  const changed: number[] = [];
  const values: unknown[] = [id];
  for (const [position, [property, column]] of Object.entries(CHANGE_COLUMNS).entries()) {
    const value = given.get(property);
    if (value === undefined) continue;
    values.push(property === 'targets' ? jsonText(value) : value);
    sets.push(`${column} = $${values.length.toString()}`);
    changed.push(position);
  }
  if (sets.length === 0) return get(connection, id);
  // A closed incident accepts nothing, however it came to be closed.
  if (wanted.state === 'closed') sets.push('accepting = false');
  const closing = wanted.state === 'closed' ? 'closing' : 'open';
  const name = ['incident-change', closing, ...changed].join('-');
  const text = `${FIRST_LOCK} update firebreak.incident set ${sets.join(', ')} from locked
    where id = locked_id returning ${INCIDENT_COLUMNS}`;
  return requireRow(
    connection.rows({ name, text }, values, incidentRow),
    `There is no incident ${id}.`,
  );
}

async function list(
  connection: Connection,
  { states, models }: Parameters<IncidentTable['list']>[0],
  page: PageRequest,
): Promise<Page<Incident>> {
  const before = cursorNumber(page);
  const rows = await connection.rows(
    LIST,
    [states, before, page.limit + 1, models ?? null],
    incidentRow,
  );
  return pageOf(rows, page.limit, { item: (row) => row, cursor: (row) => row.number });
}

async function open(
  connection: Connection,
  request: Parameters<IncidentTable['open']>[0],
): Promise<{ readonly incident: Incident; readonly created: boolean }> {
  const known = await firstRow(connection.rows(REQUEST, [request.requestId], idRow));
  if (known !== null) return { incident: await get(connection, known.id), created: false };
  const wish = { ...request, at: request.openedAt, stormKey: null };
  const membership = (await openOrReopen(connection, [wish])).get(request.incidentKey);
  if (membership === undefined) throw new AppError('internal', 'The incident was not opened.');
  await connection.write(PUT_REQUEST, [request.requestId, membership.incidentId]);
  await addWork(connection, startWork(membership));
  const fact = openingFact(membership, wish);
  const incident = await get(connection, membership.incidentId);
  if (fact !== null) await appendFacts(connection, membership.incidentId, [fact]);
  return { incident, created: membership.how === 'opened' };
}

async function nextGeneration(
  connection: Connection,
  id: string,
  from: number,
): Promise<number | null> {
  const next = await firstRow(connection.rows(NEXT_GENERATION, [id, from], generationRow));
  if (next === null) return null;
  const { generation } = next;
  await addWork(connection, [{ kind: 'start-incident', incidentId: id, generation }]);
  return generation;
}

async function stopAccepting(connection: Connection, id: string): Promise<'ok' | 'not_drained'> {
  // Waits for alerts on their way in (they hold KEY SHARE), and makes later ones wait for us.
  await requireRow(connection.rows(LOCK, [id], incidentRow), `There is no incident ${id}.`);
  const stopped = await connection.write(STOP_ACCEPTING, [id]);
  return stopped > 0 ? 'ok' : 'not_drained';
}

/** Incidents over a connection; see the contract for what each function answers. */
export function createIncidentTable(connection: Connection): IncidentTable {
  return {
    get: (id) => firstRow(connection.rows(GET, [id], incidentRow)),
    byNumber: (number) => firstRow(connection.rows(BY_NUMBER, [number], incidentRow)),
    open: (request) => withRaces(connection, (transaction) => open(transaction, request)),
    list: (filter, page) => list(connection, filter, page),
    lock: (id) =>
      requireRow(connection.rows(LOCK, [id], incidentRow), 'There is no such incident.'),
    change: (id, wanted) => change(connection, id, wanted),
    nextGeneration: (id, from) =>
      connection.atomic((transaction) => nextGeneration(transaction, id, from)),
    unfinished: (limit) =>
      connection.rows(UNFINISHED, [Math.min(limit, UNFINISHED_MAX)], incidentRow),
    suspects: (id, limit) => suspectsOf(connection, id, limit),
    routeCounts: (since) => routeCounts(connection, since),
    stopAccepting: (id) => connection.atomic((transaction) => stopAccepting(transaction, id)),
  };
}
