import type { JsonObject } from '../../domain/json.ts';
import { readElement, type ReadElement } from '../../intake/element.ts';
import { digestOfParts } from '../../intake/fingerprint.ts';
import type { AlertRouting, Router } from '../../intake/routing.ts';
import type { StoredFinding } from '../../store/observation-table.ts';
import type { Delivery, Store } from '../../store/tables.ts';

/** The source under which the sync's own alerts are known. */
export const SYNC_SOURCE = 'firebreak-sync';
/** A finding about a sandbox is not told. */
const REAL = { drill: false };
/** Findings told in one round; more wait for the next. */
const TOLD_MAX = 100;

/** A finding as an alert that fires since it began, and as its end when it is over. */
function alertsOf(finding: StoredFinding): readonly JsonObject[] {
  const { labels, summary, beganAt, endedAt, key } = finding;
  const firing = { status: 'firing', labels, summary, startsAt: beganAt, finding: key };
  // An alert that was told already is a repeat, which intake drops.
  return endedAt === null ? [firing] : [firing, { ...firing, status: 'resolved', endsAt: endedAt }];
}

function elementOf(raw: JsonObject): ReadElement {
  return readElement({ name: SYNC_SOURCE, ignoreLabels: [] }, raw, {
    field: 'findings',
    take: () => ({
      status: raw['status'],
      labels: raw['labels'],
      annotations: { summary: raw['summary'] ?? '' },
      startsAt: raw['startsAt'],
      endsAt: raw['endsAt'],
      title: raw['summary'],
      details: { finding: raw['finding'] ?? '' },
    }),
  });
}

/** A finding is an incident of its own: what a monitor says of the same model is another matter, to be answered by itself. */
function keyOf({ finding }: JsonObject): string {
  return digestOfParts(['firebreak/finding/1', typeof finding === 'string' ? finding : '']);
}

/**
 * Tells what began and what is over as alerts, through the same reading, routing and membership as everybody's. An
 * end between accepting and noting it is a repeat of the same alerts in the next round. Answers how many were told.
 */
export async function tellFindings(
  store: Store,
  router: Pick<Router, 'route'>,
  now: Date,
): Promise<number> {
  const findings = await store.findings.untold(TOLD_MAX);
  if (findings.length === 0) return 0;
  const raw = findings.flatMap(alertsOf);
  const alerts = raw.map((one): Delivery['alerts'][number] => {
    const read = elementOf(one);
    if (!('incoming' in read)) return { kind: 'quarantined', alert: read.quarantined };
    const { incoming } = read;
    const { routing } = router.route(incoming, REAL);
    const apart: AlertRouting = { ...routing, incidentKey: keyOf(incoming.alert.details) };
    return { kind: 'alert', incoming, routing: apart };
  });
  await store.alerts.accept([
    {
      source: SYNC_SOURCE,
      contentType: 'application/json',
      headers: {},
      raw: Buffer.from(JSON.stringify(raw)),
      receivedAt: now.toISOString(),
      alerts,
    },
  ]);
  await store.findings.tell(findings);
  return findings.length;
}
