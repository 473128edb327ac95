import type { IncomingAlert } from '../domain/alert.ts';
import type { Entry } from './accept.ts';
import type { AlertFactKind } from './alert-fact.ts';
import type { Connection } from './connection.ts';
import { acceptingOf, holdersOf, openOrReopen, reopenableOf } from './membership.ts';
import type { Membership, Memberships, OpenRequest } from './membership.ts';
import { silenceOf, silencesAt } from './silence.ts';
import { collectedOf, roomOf } from './storm.ts';
import type { Routing } from './routing.ts';

/** A new, routed alert. */
export interface Routed {
  readonly entry: Entry;
  readonly incoming: IncomingAlert;
  readonly routing: Routing;
}

/** An alert with the incident that it joins and what it means there. */
export interface Joined extends Routed {
  readonly incidentId: string;
  readonly kind: AlertFactKind;
  /** True when a storm incident takes it in place of one of its own. */
  readonly collected: boolean;
}

/** Which alerts join what, and what was opened or reopened for them. */
export interface Assigned {
  readonly joined: readonly Joined[];
  readonly begun: readonly { readonly membership: Membership; readonly request: OpenRequest }[];
  /** By alert id, the silence that kept it from opening an incident. */
  readonly silenceOf: ReadonlyMap<string, string>;
}

/** Where alerts of some incident keys belong already. */
export interface Standing {
  readonly accepting: Memberships;
  /** Keys that an open storm incident collected. */
  readonly collected: Memberships;
}

/** What is opened for a batch: incidents of their own, and storm incidents for what is too many. */
interface Opening {
  readonly requests: readonly OpenRequest[];
  /** By incident key, the storm incident's key. */
  readonly collecting: ReadonlyMap<string, string>;
}

/** The alerts of some elements that were understood and routed. */
export function routedOf(entries: readonly Entry[]): readonly Routed[] {
  return entries.flatMap((entry): readonly Routed[] =>
    entry.item.kind === 'alert' && entry.item.routing !== null
      ? [{ entry, incoming: entry.item.incoming, routing: entry.item.routing }]
      : [],
  );
}

/** Where the keys of some elements belong, held against closing until the transaction ends. */
export async function standingOf(
  connection: Connection,
  entries: readonly Entry[],
): Promise<Standing> {
  const keys = [...new Set(routedOf(entries).map((one) => one.routing.incidentKey))];
  const [accepting, collected] = await Promise.all([
    acceptingOf(connection, keys),
    collectedOf(connection, keys),
  ]);
  return { accepting, collected };
}

function requestOf({ entry, routing }: Routed): OpenRequest {
  const { incidentKey, incident, reopenWindowSeconds, storm } = routing;
  const at = entry.delivery.receivedAt;
  return { incidentKey, incident, reopenWindowSeconds, at, stormKey: storm?.key ?? null };
}

function stormRequestOf(one: Routed): OpenRequest {
  const request = requestOf(one);
  const { storm } = one.routing;
  return storm === null
    ? request
    : { ...request, incidentKey: storm.key, incident: storm.incident };
}

/** Splits what would open incidents into what may and what a storm collects: the first ones of a kind may. */
async function openingFor(
  connection: Connection,
  firsts: readonly Routed[],
  room: ReadonlyMap<string, number>,
): Promise<Opening> {
  const left = new Map(room);
  const over = firsts.filter(({ routing: { storm } }) => {
    if (storm === null) return false;
    const rest = left.get(storm.key) ?? 0;
    left.set(storm.key, rest - 1);
    return rest <= 0;
  });
  if (over.length === 0) return { requests: firsts.map(requestOf), collecting: new Map() };
  // What comes back within its window is nothing new.
  const back = await reopenableOf(connection, over.map(requestOf));
  const taken = new Set(over.filter((one) => !back.has(one.routing.incidentKey)));
  return {
    requests: [
      ...firsts.filter((one) => !taken.has(one)).map(requestOf),
      ...new Map([...taken].map((one) => [one.routing.storm?.key, stormRequestOf(one)])).values(),
    ],
    collecting: new Map(
      [...taken].map((one) => [one.routing.incidentKey, one.routing.storm?.key ?? '']),
    ),
  };
}

function latestOf(routed: readonly Routed[]): string {
  return routed.map((one) => one.entry.delivery.receivedAt).reduce((a, b) => (a > b ? a : b), '');
}

/** What alerts without a standing meet: who holds their targets, what keeps them quiet, how many may still open. */
interface Surroundings {
  readonly holderOf: (one: Routed) => string | undefined;
  readonly silenceOf: (one: Routed) => string | undefined;
  readonly room: ReadonlyMap<string, number>;
}

/** One flight; none when every alert stands somewhere. */
async function surroundingsOf(
  connection: Connection,
  open: readonly Routed[],
): Promise<Surroundings> {
  if (open.length === 0) {
    return { holderOf: () => undefined, silenceOf: () => undefined, room: new Map() };
  }
  const at = latestOf(open);
  const [holderOf, silences, room] = await Promise.all([
    holdersOf(
      connection,
      open.flatMap((one) => one.routing.claimTargets),
    ),
    silencesAt(connection, at),
    roomOf(
      connection,
      open.flatMap((one) => one.routing.storm ?? []),
      at,
    ),
  ]);
  return {
    holderOf: ({ routing: { claimTargets, incident } }) =>
      claimTargets.map((target) => holderOf(target, incident)).find((id) => id !== undefined),
    // Quiet is asked for real alerts.
    silenceOf: ({ routing, incoming }) =>
      routing.incident.drill ? undefined : silenceOf(silences, incoming.alert.labels),
    room,
  };
}

/** The first alert of each incident that would be opened: what is held attaches, what is silenced opens nothing. */
function firstsOf(open: readonly Routed[], around: Surroundings): readonly Routed[] {
  const firstOfKey = new Map<string, Routed>();
  for (const one of open) {
    const { incidentKey } = one.routing;
    if (firstOfKey.has(incidentKey) || around.holderOf(one) !== undefined) continue;
    if (around.silenceOf(one) === undefined) firstOfKey.set(incidentKey, one);
  }
  return [...firstOfKey.values()];
}

/**
 * Joins by key first, then by a claimed target, then reopens, opens or collects; what is silenced or over opens
 * nothing, and still joins what is open.
 */
export async function assign(
  connection: Connection,
  routed: readonly Routed[],
  standing: Standing,
): Promise<Assigned> {
  const stands = (key: string): Membership | undefined =>
    standing.accepting.get(key) ?? standing.collected.get(key);
  const open = routed.filter(
    ({ routing, incoming }) => incoming.alert.status === 'firing' && !stands(routing.incidentKey),
  );
  const unplaced = new Set(open);
  const around = await surroundingsOf(connection, open);
  const opening = await openingFor(connection, firstsOf(open, around), around.room);
  const begun = await openOrReopen(connection, opening.requests);
  const joined = routed.flatMap((one): readonly Joined[] => {
    const { incidentKey } = one.routing;
    const holder = unplaced.has(one) ? around.holderOf(one) : undefined;
    if (holder !== undefined) {
      return [{ ...one, incidentId: holder, kind: 'attached', collected: false }];
    }
    const own = standing.accepting.get(incidentKey) ?? begun.get(incidentKey);
    const storm = begun.get(opening.collecting.get(incidentKey) ?? '');
    const membership = own ?? storm ?? standing.collected.get(incidentKey);
    if (membership === undefined) return [];
    const kind = one.incoming.alert.status === 'resolved' ? 'resolved' : 'received';
    return [{ ...one, incidentId: membership.incidentId, kind, collected: own === undefined }];
  });
  const placed = new Set(joined.map((one) => one.entry));
  return {
    joined,
    begun: opening.requests.flatMap((request) => {
      const membership = begun.get(request.incidentKey);
      return membership === undefined ? [] : [{ membership, request }];
    }),
    silenceOf: new Map(
      open.flatMap((one) => {
        const silence = placed.has(one.entry) ? undefined : around.silenceOf(one);
        return silence === undefined ? [] : [[one.entry.alertId, silence] as const];
      }),
    ),
  };
}
