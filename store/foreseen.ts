import type { IncomingAlert } from '../domain/alert.ts';
import type { Routing } from './routing.ts';

/** An alert and its routing, to see what would become of it. */
export interface ForeseenAlert {
  readonly incoming: IncomingAlert;
  readonly routing: Routing;
  /** RFC 3339: when it would arrive. */
  readonly at: string;
}

/** What accepting an alert would lead to. */
export interface Foreseen {
  /** The stored alert that it repeats; null when it is new. */
  readonly duplicateOf: string | null;
  readonly would: 'join' | 'attach' | 'reopen' | 'open' | 'nothing';
  /** The incident that it would join, attach to or reopen. */
  readonly incidentId: string | null;
}
