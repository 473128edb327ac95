import type { Alert } from '../domain/alert.ts';
import { digestOf } from '../evidence/digest.ts';
import type { Routing } from './routing.ts';
import type { Delivery, NewIncident } from './tables.ts';

/** What a test wants to be special about an alert; the rest is filled in. */
export interface AlertWish {
  readonly name?: string;
  readonly status?: Alert['status'];
  readonly startsAt?: string;
  readonly title?: string;
  readonly incidentKey?: string;
  readonly drill?: boolean;
  readonly claimTargets?: readonly string[];
  readonly suspect?: string | null;
  readonly storm?: Routing['storm'];
  readonly reopenWindowSeconds?: number;
  readonly receivedAt?: string;
}

/** The incident that the alerts of the tests open. */
export const NEW_INCIDENT: NewIncident = {
  title: 'Fraud scores drift',
  severity: 'sev2',
  mode: 'auto',
  drill: false,
  vetoSeconds: 0,
  route: 'drift',
  playbookName: 'poisoned-training-data',
  suspect: null,
  model: 'fraud-detector',
  targets: null,
  parameters: {},
  origin: { kind: 'alert', by: 'prometheus', channel: null },
  firstAlert: null,
  onsetAt: '2026-11-23T10:00:00.000Z',
};

function alertOf(wish: AlertWish): Alert {
  const { name = 'drift', status = 'firing', startsAt = '2026-11-23T10:00:00.000Z' } = wish;
  return {
    source: 'prometheus',
    status,
    fingerprint: digestOf({ name }),
    startsAt,
    endsAt: status === 'resolved' ? '2026-11-23T11:00:00.000Z' : null,
    title: wish.title ?? `Alert ${name}`,
    labels: { alertname: name },
    annotations: {},
    details: {},
  };
}

/** One routed element of a delivery. */
export function routedAlert(wish: AlertWish = {}): Delivery['alerts'][number] {
  const alert = alertOf(wish);
  const { fingerprint, startsAt, status, endsAt } = alert;
  const routing: Routing = {
    incidentKey: wish.incidentKey ?? 'key-fraud',
    incident: { ...NEW_INCIDENT, suspect: wish.suspect ?? null, drill: wish.drill ?? false },
    reopenWindowSeconds: wish.reopenWindowSeconds ?? 3600,
    claimTargets: wish.claimTargets ?? [],
    storm: wish.storm ?? null,
  };
  const dedupeKey = digestOf({ fingerprint, startsAt, status, endsAt });
  return { kind: 'alert', incoming: { alert, dedupeKey }, routing };
}

/** A delivery of some elements, with the bytes that they would have come in. */
export function deliveryOf(
  alerts: Delivery['alerts'],
  receivedAt = '2026-11-23T10:00:05.000Z',
): Delivery {
  return {
    source: 'prometheus',
    contentType: 'application/json',
    headers: { 'user-agent': 'Alertmanager' },
    raw: Buffer.from(JSON.stringify(alerts), 'utf8'),
    receivedAt,
    alerts,
  };
}

/** A delivery of one alert. */
export function delivery(wish: AlertWish = {}): Delivery {
  return deliveryOf([routedAlert(wish)], wish.receivedAt);
}
