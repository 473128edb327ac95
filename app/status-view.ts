import type { Incident } from '../domain/incident.ts';
import type { IncidentClocks } from '../domain/incident-clocks.ts';
import type { StatusCard } from '../render/slack-status.ts';
import type { Store } from '../store/tables.ts';

/** The tables that a live card is read from. */
export type StatusStore = Pick<Store, 'incidents' | 'operations' | 'approvals' | 'breakGlass'>;

/** The clocks of regulators of an incident, as its log tells them; absent where nobody asks for them. */
export type ClocksOf = (incident: Incident) => Promise<IncidentClocks>;

/** So many open approvals are read for one card. */
const APPROVALS_MAX = 50;
/** And so many reviews of broken glass that are owed. */
const BROKEN_MAX = 10;

type Deadline = NonNullable<StatusCard['deadline']>;

function clockDeadlines({ regimes }: IncidentClocks): readonly Deadline[] {
  return regimes.flatMap(({ id, clocks }) =>
    clocks.flatMap(({ name, limitAt, settlement }) =>
      limitAt === null || settlement !== null
        ? []
        : [{ what: `report ${id}/${name} is due`, at: limitAt }],
    ),
  );
}

/** What ends first of what has not ended yet when the incident last spoke; what is over is no deadline. */
async function deadlineOf(
  incident: Incident,
  approvals: StatusCard['approvals'],
  clocksOf: ClocksOf | null,
): Promise<Deadline | null> {
  const clocks = clocksOf === null ? [] : clockDeadlines(await clocksOf(incident));
  const isActing = incident.state === 'open' && incident.vetoUntil !== null;
  const asked = approvals.map(({ title, expiresAt }) => ({
    what: `${title} expires`,
    at: expiresAt,
  }));
  const all = [
    ...asked,
    ...(isActing ? [{ what: 'veto ends', at: incident.vetoUntil }] : []),
    ...clocks,
  ];
  const [next] = all.toSorted((one, other) => Date.parse(one.at) - Date.parse(other.at));
  return next ?? null;
}

/** What the live card of an incident shows now; null when there is no such incident. Raises what the store raises. */
export async function statusOf(
  store: StatusStore,
  incidentId: string,
  clocksOf: ClocksOf | null,
): Promise<StatusCard | null> {
  const [incident, effects, open, broken] = await Promise.all([
    store.incidents.get(incidentId),
    store.operations.ofIncident(incidentId),
    store.approvals.list({ status: 'open', incidentId }, { cursor: null, limit: APPROVALS_MAX }),
    store.breakGlass.reviews({ open: true, incidentId }, { cursor: null, limit: BROKEN_MAX }),
  ]);
  if (incident === null) return null;
  const deadline = await deadlineOf(incident, open.items, clocksOf);
  return { incident, effects, approvals: open.items, broken: broken.items, deadline, url: null };
}
