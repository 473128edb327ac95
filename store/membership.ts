import { z } from 'zod';
import { markedTitle, type DrillSide } from '../domain/drill.ts';
import { AppError } from '../domain/error.ts';
import { cleanText, idRow, jsonText, timestamp } from './column.ts';
import { firstRow } from './connection.ts';
import type { Connection } from './connection.ts';
import { freshId } from './identity.ts';
import type { NewIncident } from './tables.ts';

/** How often a lost race for one key is tried again within a transaction. */
const ATTEMPTS_MAX = 5;
/** Longest text from outside in a column of an incident. */
const TEXT_CHARACTERS_MAX = 2000;

/** The incident that a key leads to, and what it took to get there. */
export interface Membership {
  readonly incidentId: string;
  readonly how: 'joined' | 'opened' | 'reopened';
  readonly generation: number;
}

/** By incident key, the incident that accepts alerts of that key. */
export type Memberships = ReadonlyMap<string, Membership>;

/** A wish to be in the incident of a key, which opens or reopens one if need be. */
export interface OpenRequest {
  readonly incidentKey: string;
  readonly incident: NewIncident;
  readonly reopenWindowSeconds: number;
  /** RFC 3339: when the alert or the person arrived. */
  readonly at: string;
  /** By what new incidents are counted; null for one that a person opens. */
  readonly stormKey: string | null;
}

// KEY SHARE lets alerts pass each other and makes close (FOR UPDATE) wait for them, and them for it.
const ACCEPTING = {
  name: 'membership-accepting',
  text: `select id, incident_key as key, generation from firebreak.incident
    where incident_key = any($1::text[]) and accepting order by id for key share`,
};

const HOLDERS = {
  name: 'membership-holders',
  text: `select c.target, i.id, i.drill from firebreak.claim c join firebreak.incident i on i.id = c.incident_id
    where c.target = any($1::text[]) and i.accepting
    order by i.id, c.target for key share of i`,
};

const CLOSED = {
  name: 'membership-closed',
  text: `select distinct on (incident_key) id, incident_key as key, closed_at as "closedAt"
    from firebreak.incident
    where incident_key = any($1::text[]) and state = 'closed' and closed_at is not null
    order by incident_key, closed_at desc, number desc`,
};

const REOPEN = {
  name: 'membership-reopen',
  text: `update firebreak.incident set state = 'pending', accepting = true, generation = generation + 1,
      state_reason = null, phase = 'triage', step = null, paused = false, verdict = null,
      veto_until = null,
      contained_at = null, restored_at = null, stabilised_at = null, closed_at = null
    where id = $1 and state = 'closed'
    returning generation`,
};

const OPEN = {
  name: 'membership-open',
  text: `insert into firebreak.incident (id, incident_key, title, state, severity, phase, mode, veto_seconds,
      route, playbook_name, suspect, model, targets, parameters, origin, first_alert, onset_at, opened_at,
      storm_key, drill)
    values ($1, $2, $3, 'pending', $4, 'triage', $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18)
    on conflict (incident_key) where accepting do nothing
    returning id`,
};

/** An incident of a key. */
export const keyRow = z.object({ id: z.string(), key: z.string(), generation: z.number() });
const holderRow = z.object({ target: z.string(), id: z.string(), drill: z.boolean() });
const closedRow = z.object({ id: z.string(), key: z.string(), closedAt: timestamp });

function clean(text: string | null): string | null {
  return text === null ? null : cleanText(text, TEXT_CHARACTERS_MAX);
}

/** The accepting incidents of some keys, held against closing until the transaction ends. */
export async function acceptingOf(
  connection: Connection,
  keys: readonly string[],
): Promise<Memberships> {
  if (keys.length === 0) return new Map();
  const rows = await connection.rows(ACCEPTING, [keys], keyRow);
  return new Map(
    rows.map(({ id, key, generation }) => [key, { incidentId: id, how: 'joined', generation }]),
  );
}

/** The accepting incident that holds a claim on a target, or undefined: for a drill a drill, for others a real one. */
export type HolderOf = (target: string, side: DrillSide) => string | undefined;

/** Who holds claims on some targets; the incident with the smallest id of several. */
export async function holdersOf(
  connection: Connection,
  targets: readonly string[],
): Promise<HolderOf> {
  if (targets.length === 0) return () => undefined;
  const rows = await connection.rows(HOLDERS, [[...new Set(targets)]], holderRow);
  const by = (wanted: boolean): ReadonlyMap<string, string> => {
    const mine = rows.filter(({ drill }) => drill === wanted).toReversed();
    return new Map(mine.map(({ target, id }) => [target, id]));
  };
  const [drills, real] = [by(true), by(false)];
  return (target, { drill }) => (drill ? drills : real).get(target);
}

/**
 * An incident for every request: the accepting one of its key, the one that was closed within its window
 * (reopened, next generation), or a new one. At most one per key, whoever else asks. Raises `unavailable`
 * when the race for a key was lost too often.
 */
export async function openOrReopen(
  connection: Connection,
  requests: readonly OpenRequest[],
): Promise<Memberships> {
  const found = new Map<string, Membership>();
  // In the order of keys, so that no two transactions wait for each other in a circle.
  let missing = [...new Map(requests.map((request) => [request.incidentKey, request])).values()];
  missing.sort((a, b) => (a.incidentKey < b.incidentKey ? -1 : 1));
  for (let attempt = 0; attempt < ATTEMPTS_MAX && missing.length > 0; attempt += 1) {
    const keys = missing.map((request) => request.incidentKey);
    for (const [key, membership] of await acceptingOf(connection, keys)) found.set(key, membership);
    missing = missing.filter(({ incidentKey }) => !found.has(incidentKey));
    for (const [key, membership] of await openEach(connection, missing)) found.set(key, membership);
    missing = missing.filter(({ incidentKey }) => !found.has(incidentKey));
  }
  if (missing.length > 0) {
    throw new AppError('unavailable', 'The incident was opened and closed too often meanwhile.');
  }
  return found;
}

/** Of some requests, the keys that would reopen an incident instead of opening one. */
export async function reopenableOf(
  connection: Connection,
  requests: readonly OpenRequest[],
): Promise<ReadonlySet<string>> {
  const keys = requests.map((request) => request.incidentKey);
  const closed = await connection.rows(CLOSED, [keys], closedRow);
  const within = requests.filter((request) =>
    closed.some((row) => row.key === request.incidentKey && isWithinWindow(request, row.closedAt)),
  );
  return new Set(within.map((request) => request.incidentKey));
}

/** Reopens or opens; a key whose race was lost is left out. */
async function openEach(
  connection: Connection,
  requests: readonly OpenRequest[],
): Promise<Memberships> {
  if (requests.length === 0) return new Map();
  const keys = requests.map((request) => request.incidentKey);
  const closed = await connection.rows(CLOSED, [keys], closedRow);
  const memberships = new Map<string, Membership>();
  for (const request of requests) {
    const last = closed.find((row) => row.key === request.incidentKey);
    const membership =
      last !== undefined && isWithinWindow(request, last.closedAt)
        ? await reopen(connection, last.id)
        : await open(connection, request);
    if (membership !== null) memberships.set(request.incidentKey, membership);
  }
  return memberships;
}

function isWithinWindow(request: OpenRequest, closedAt: string): boolean {
  return Date.parse(request.at) - Date.parse(closedAt) <= request.reopenWindowSeconds * 1000;
}

/** A row of which only the generation is asked. */
export const generationRow = z.object({ generation: z.number() });

async function reopen(connection: Connection, id: string): Promise<Membership | null> {
  const row = await firstRow(connection.rows(REOPEN, [id], generationRow));
  return row && { incidentId: id, how: 'reopened', generation: row.generation };
}

async function open(connection: Connection, request: OpenRequest): Promise<Membership | null> {
  const { incident } = request;
  const values = [
    freshId('inc'),
    request.incidentKey,
    clean(markedTitle(incident.title, incident)),
    incident.severity,
    incident.mode,
    incident.vetoSeconds,
    clean(incident.route),
    incident.playbookName,
    clean(incident.suspect),
    clean(incident.model),
    jsonText(incident.targets),
    jsonText(incident.parameters),
    jsonText(incident.origin),
    jsonText(incident.firstAlert),
    incident.onsetAt,
    request.at,
    request.stormKey,
    incident.drill,
  ];
  const row = await firstRow(connection.rows(OPEN, values, idRow));
  return row && { incidentId: row.id, how: 'opened', generation: 1 };
}
