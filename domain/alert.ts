import type { JsonObject } from './json.ts';

/** Whether the monitor says that the condition holds or is over. */
export type AlertStatus = 'firing' | 'resolved';

/** One statement by a monitor, in our words, whatever format it came in. */
export interface Alert {
  /** Name of the configured source that delivered it. */
  readonly source: string;
  readonly status: AlertStatus;
  /** Digest of the identifying labels, hex; the same labels next month give the same one. */
  readonly fingerprint: string;
  /** When the condition began, RFC 3339 UTC. */
  readonly startsAt: string;
  /** When it ended, or null while firing. */
  readonly endsAt: string | null;
  readonly title: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
  /** What the source sent beyond labels (CloudEvent data, values); size-capped, never trusted. */
  readonly details: JsonObject;
}

/** An alert as intake hands it on: with the key that drops repeated deliveries. */
export interface IncomingAlert {
  readonly alert: Alert;
  /** Digest of (source, fingerprint, startsAt, status, endsAt if resolved), hex. */
  readonly dedupeKey: string;
}

/** An element of a readable envelope that could not be understood: stored, never dropped. */
export interface QuarantinedAlert {
  readonly source: string;
  readonly dedupeKey: string;
  /** What is wrong, naming the field. */
  readonly problem: string;
  readonly field: string | null;
}

/** What the sender is told about each alert of its request. */
export interface AlertReceipt {
  readonly alertId: string;
  readonly duplicate: boolean;
  /** Null while routing is not settled, or for a quarantined alert. */
  readonly incidentId: string | null;
  /** Only for a quarantined alert. */
  readonly problem?: string;
  /** Only for an alert that a silence kept from opening an incident: its id. */
  readonly silencedBy?: string;
}
