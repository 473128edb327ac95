import { z } from 'zod';
import { fingerprintOf } from './fingerprint.ts';

/** Label sets, annotations. */
type Labels = Readonly<Record<string, string>>;

const moment = z.iso.datetime({ offset: true }).optional();
const labels = z.record(z.string().regex(/^[a-zA-Z_][a-zA-Z0-9_]*$/), z.string());

/** Body of `POST /api/v2/alerts`. An alert without labels is refused. */
export const postedAlerts = z
  .array(
    z.object({
      labels: labels.refine((set) => Object.values(set).some((value) => value !== '')),
      annotations: labels.default({}),
      startsAt: moment,
      endsAt: moment,
      generatorURL: z.string().default(''),
    }),
  )
  .max(10_000);

/** One posted alert. */
export type PostedAlert = z.infer<typeof postedAlerts>[number];

/** An alert as it stands. */
export interface StoredAlert {
  readonly fingerprint: string;
  readonly labels: Labels;
  readonly annotations: Labels;
  readonly startsAt: string;
  /** Milliseconds: when it ended or, while nobody ends it, when it counts as resolved. */
  readonly endsAt: number;
  readonly updatedAt: number;
  readonly generatorURL: string;
}

/** Alerts that are told together. */
export interface Group {
  readonly key: string;
  readonly labels: Labels;
  readonly alerts: Map<string, StoredAlert>;
}

/** Firing time's end in notifications. */
const NO_END = '0001-01-01T00:00:00Z';

/** True when an alert is over. */
export function isResolved(alert: StoredAlert, now: number): boolean {
  return alert.endsAt <= now;
}

/** The labels of a set that make its group. */
export function groupLabelsOf(set: Labels, groupBy: readonly string[]): Labels {
  return Object.fromEntries(Object.entries(set).filter(([name]) => groupBy.includes(name)));
}

/** Key of a group below a route without matchers. */
export function groupKeyOf(set: Labels): string {
  const pairs = Object.entries(set)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, value]) => `${name}=${JSON.stringify(value)}`);
  return `{}:{${pairs.join(', ')}}`;
}

/** True when two statements about an alert speak of one time: the later then goes on from the earlier. */
function overlap(
  known: StoredAlert,
  said: { readonly startsAt: number; readonly endsAt: number },
): boolean {
  const began = Date.parse(known.startsAt);
  const within = (moment: number): boolean => moment > began && moment < known.endsAt;
  return within(said.startsAt) || within(said.endsAt);
}

/**
 * Takes a posted alert in. Without `startsAt` it begins now or, when it is over, when it ended; but one that overlaps
 * what is known goes on from the earlier beginning. Without `endsAt` it ends when nobody sends it again.
 */
export function storeAlert(
  group: Group,
  posted: PostedAlert,
  time: { readonly now: number; readonly resolveTimeoutMs: number },
): void {
  const { now } = time;
  const fingerprint = fingerprintOf(posted.labels);
  const known = group.alerts.get(fingerprint);
  const endsAt =
    posted.endsAt === undefined ? now + time.resolveTimeoutMs : Date.parse(posted.endsAt);
  const begun = posted.endsAt === undefined ? now : endsAt;
  const startsAt = posted.startsAt ?? new Date(begun).toISOString();
  const said = { startsAt: Date.parse(startsAt), endsAt };
  const ongoing = known !== undefined && overlap(known, said) ? known : undefined;
  const earlier = ongoing !== undefined && Date.parse(ongoing.startsAt) < said.startsAt;
  group.alerts.set(fingerprint, {
    fingerprint,
    labels: posted.labels,
    annotations: posted.annotations,
    startsAt: earlier ? ongoing.startsAt : startsAt,
    endsAt,
    updatedAt: now,
    generatorURL: posted.generatorURL,
  });
}

/** What a notification tells: equal texts, no news. */
export function newsOf(alerts: readonly StoredAlert[], now: number): string {
  return alerts
    .map((alert) => `${alert.fingerprint}:${isResolved(alert, now) ? 'resolved' : 'firing'}`)
    .sort()
    .join(',');
}

function commonOf(sets: readonly Labels[]): Labels {
  const [first = {}, ...others] = sets;
  return Object.fromEntries(
    Object.entries(first).filter(([name, value]) => others.every((set) => set[name] === value)),
  );
}

/** Body of a webhook, version 4, as JSON. */
export function webhookBody(
  group: Group,
  alerts: readonly StoredAlert[],
  told: { readonly now: number; readonly alertsMax: number },
): string {
  const shown = told.alertsMax > 0 ? alerts.slice(0, told.alertsMax) : alerts;
  const bodies = shown.map((alert) => {
    const resolved = isResolved(alert, told.now);
    return {
      status: resolved ? 'resolved' : 'firing',
      labels: alert.labels,
      annotations: alert.annotations,
      startsAt: alert.startsAt,
      endsAt: resolved ? new Date(alert.endsAt).toISOString() : NO_END,
      generatorURL: alert.generatorURL,
      fingerprint: alert.fingerprint,
    };
  });
  return JSON.stringify({
    receiver: 'firebreak',
    status: alerts.some((alert) => !isResolved(alert, told.now)) ? 'firing' : 'resolved',
    alerts: bodies,
    groupLabels: group.labels,
    commonLabels: commonOf(alerts.map((alert) => alert.labels)),
    commonAnnotations: commonOf(alerts.map((alert) => alert.annotations)),
    externalURL: 'http://alertmanager.example:9093',
    version: '4',
    groupKey: group.key,
    truncatedAlerts: alerts.length - shown.length,
  });
}

/** An alert as `GET /api/v2/alerts` writes it. */
export function listedAlert(alert: StoredAlert): unknown {
  return {
    labels: alert.labels,
    annotations: alert.annotations,
    startsAt: alert.startsAt,
    endsAt: new Date(alert.endsAt).toISOString(),
    updatedAt: new Date(alert.updatedAt).toISOString(),
    fingerprint: alert.fingerprint,
    generatorURL: alert.generatorURL,
    receivers: [{ name: 'firebreak' }],
    status: { state: 'active', silencedBy: [], inhibitedBy: [] },
  };
}
