import { counted } from './counted.ts';

/** How far a regime's data may be relied on: nothing but what counsel confirmed is shown as law. */
export const REGIME_STATUSES = ['confirmed', 'to be checked by counsel'] as const;
/** One of `REGIME_STATUSES`. */
export type RegimeStatus = (typeof REGIME_STATUSES)[number];

/** Units of a span. */
export const SPAN_UNITS = ['hour', 'day', 'working day'] as const;

/** A length of time as a rule writes it; hours have passed, days are counted on the calendar of the regime's zone. */
export interface Span {
  readonly count: number;
  readonly unit: (typeof SPAN_UNITS)[number];
}

/** One way to read when a report is due. Of several the earliest wins. */
export interface Reading {
  /** The moment that starts it, by its name in the vocabulary. */
  readonly from: string;
  /** How long after it the report is due; null: at once. */
  readonly within: Span | null;
  /** Who says so. */
  readonly says: string;
}

/** One report that is owed, and when. */
export interface RegimeClock {
  /** Unique in its regime. */
  readonly name: string;
  readonly title: string;
  /** Who is told; null where our source does not say. */
  readonly to: string | null;
  /** CEL over `facts`, beside the regime's own rule; null: whenever the regime applies. */
  readonly when: string | null;
  readonly readings: readonly Reading[];
}

/** The days on which a version of a regime is in force; null where our source does not say. */
export interface InForce {
  /** First day, `YYYY-MM-DD`. */
  readonly from: string | null;
  /** First day on which it is not in force any more. */
  readonly until: string | null;
}

/** One rule of one regulator, as data: what a file of `regimes/` says. */
export interface Regime {
  readonly id: string;
  /** Counts amendments; a later version begins when the one before ends. */
  readonly version: number;
  readonly title: string;
  readonly source: string;
  /** What the rule says about time, in the words of the reference. */
  readonly says: string;
  /** How well that is known, in the words of the reference. */
  readonly basis: string;
  readonly status: RegimeStatus;
  /** Who confirmed it and on which day; null exactly while it is not confirmed. */
  readonly confirmed: { readonly by: string; readonly on: string } | null;
  readonly inForce: InForce;
  /** IANA time zone on whose calendar days are counted. */
  readonly zone: string;
  /** CEL over `facts`; null where nobody has worked out when it applies: then it may. */
  readonly when: string | null;
  /** Empty for a duty without a clock of its own. */
  readonly clocks: readonly RegimeClock[];
  readonly reminders: {
    /** Before the earliest counted deadline. */
    readonly before: readonly Span[];
    /** After an "at once" has begun, beside the moment itself. */
    readonly after: readonly Span[];
  };
  /** Names of fields of the first report, beside the common ones. */
  readonly report: readonly string[];
  /** What a person must know who reads this; null for nothing. */
  readonly note: string | null;
}

/** Something about an incident that only people can say: yes, no, or not said. */
export interface DeclaredFact {
  readonly name: string;
  readonly question: string;
}

/** A moment that starts clocks. */
export interface DeclaredMoment {
  readonly name: string;
  readonly question: string;
  /** True when the incident's own log tells when it was at the latest. */
  readonly fromIncident: boolean;
}

/** What an incident can tell for a report, by name. */
export const FIELD_SOURCES = [
  'incident',
  'title',
  'model',
  'suspect',
  'onset',
  'awareness',
  'reach',
  'contained',
  'measures',
  'outcome',
] as const;
/** One of `FIELD_SOURCES`. */
export type FieldSource = (typeof FIELD_SOURCES)[number];

/** One field of a first report. */
export interface ReportField {
  readonly name: string;
  readonly title: string;
  /** What of the incident fills it; null when only a person can. */
  readonly from: FieldSource | null;
  /** True when every first report has it. */
  readonly common: boolean;
}

/** The words that regimes are written in. */
export interface RegimeVocabulary {
  readonly facts: readonly DeclaredFact[];
  readonly moments: readonly DeclaredMoment[];
  readonly fields: readonly ReportField[];
}

/** `72 hours`, `1 day`, `2 working days`. */
export function spanText({ count, unit }: Span): string {
  return counted(count, unit);
}
