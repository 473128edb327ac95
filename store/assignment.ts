import type { IncomingAlert } from '../domain/alert.ts';
import type { Entry } from './accept.ts';
import type { AlertFactKind } from './alert-fact.ts';
import type { Connection } from './connection.ts';
import { acceptingOf, holdersOf, openOrReopen, reopenableOf } from './membership.ts';
import type { Membership, Memberships, OpenRequest } from './membership.ts';
import { collectedOf, roomOf } from './storm.ts';
import type { Routing } from './tables.ts';

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

/** Joins by key first, then by a claimed target, then reopens, opens or collects; what is over opens nothing. */
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
  const [holders, room] = await Promise.all([
    holdersOf(
      connection,
      open.flatMap((one) => one.routing.claimTargets),
    ),
    roomOf(
      connection,
      open.flatMap((one) => one.routing.storm ?? []),
      latestOf(open),
    ),
  ]);
  const holderOf = (one: Routed): string | undefined =>
    one.routing.claimTargets.map((target) => holders.get(target)).find((id) => id !== undefined);
  const firstOfKey = new Map<string, Routed>();
  for (const one of open.filter((candidate) => holderOf(candidate) === undefined)) {
    if (!firstOfKey.has(one.routing.incidentKey)) firstOfKey.set(one.routing.incidentKey, one);
  }
  const { requests, collecting } = await openingFor(connection, [...firstOfKey.values()], room);
  const begun = await openOrReopen(connection, requests);
  const joined = routed.flatMap((one): readonly Joined[] => {
    const { incidentKey } = one.routing;
    const own = standing.accepting.get(incidentKey) ?? begun.get(incidentKey);
    const membership = own ?? begun.get(collecting.get(incidentKey) ?? '') ?? stands(incidentKey);
    const joins = (incidentId: string, kind: AlertFactKind): readonly Joined[] => [
      { ...one, incidentId, kind, collected: kind !== 'attached' && own === undefined },
    ];
    if (one.incoming.alert.status === 'resolved') {
      return membership ? joins(membership.incidentId, 'resolved') : [];
    }
    const holder = stands(incidentKey) ? undefined : holderOf(one);
    if (holder !== undefined) return joins(holder, 'attached');
    return membership ? joins(membership.incidentId, 'received') : [];
  });
  return {
    joined,
    begun: requests.flatMap((request) => {
      const membership = begun.get(request.incidentKey);
      return membership === undefined ? [] : [{ membership, request }];
    }),
  };
}
