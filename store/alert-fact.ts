import type { Alert } from '../domain/alert.ts';
import { newFact } from '../domain/fact.ts';
import type { NewFact } from '../domain/fact.ts';
import { cleanText } from './column.ts';

/** Alerts of an incident that get a fact of their own, per kind of fact; later ones are counted only. */
export const ALERT_FACTS_MAX = 100;

const TEXT_CHARACTERS_MAX = 300;

/** What an alert can mean to the incident that it joins. */
export const ALERT_FACT_KINDS = ['received', 'flapped', 'attached', 'resolved'] as const;
/** One of `ALERT_FACT_KINDS`. */
export type AlertFactKind = (typeof ALERT_FACT_KINDS)[number];

/** An alert that joined an incident, as its fact tells it. */
export interface JoinedAlert {
  readonly alertId: string;
  readonly alert: Alert;
  /** SHA-256 (hex) of the delivery's raw bytes. */
  readonly rawSha256: string;
  /** When the delivery arrived, RFC 3339. */
  readonly receivedAt: string;
}

function sentence(kind: AlertFactKind, title: string, source: string): string {
  switch (kind) {
    case 'received':
      return `Alert from ${source}: ${title}`;
    case 'flapped':
      return `Alert from ${source} began anew: ${title}`;
    case 'attached':
      return `Alert from ${source} about a target that this incident holds: ${title}`;
    case 'resolved':
      return `Alert from ${source} is over: ${title}`;
  }
}

/**
 * The fact of the `count`th alert of its kind in an incident, or null when that many are counted only; the
 * last one that is written says so.
 */
export function alertFact(kind: AlertFactKind, joined: JoinedAlert, count: number): NewFact | null {
  if (count > ALERT_FACTS_MAX) return null;
  const clean = (text: string): string => cleanText(text, TEXT_CHARACTERS_MAX);
  const { alertId, alert, rawSha256, receivedAt } = joined;
  const endsAt = alert.endsAt === null ? null : clean(alert.endsAt);
  return newFact({
    key: `alert/${alertId}/${kind}`,
    kind: `alert.${kind}`,
    occurredAt: clean(kind === 'resolved' ? (alert.endsAt ?? alert.startsAt) : alert.startsAt),
    actor: clean(alert.source),
    summary: sentence(kind, clean(alert.title), clean(alert.source)),
    data: {
      alertId,
      source: clean(alert.source),
      status: alert.status,
      fingerprint: clean(alert.fingerprint),
      startsAt: clean(alert.startsAt),
      endsAt,
      receivedAt,
      rawSha256,
      count,
      ...(count === ALERT_FACTS_MAX ? { laterAreCountedOnly: true } : {}),
    },
  });
}
