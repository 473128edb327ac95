import type { Fact } from './fact.ts';
import type { Incident } from './incident.ts';
import { computeMetrics, type Anchor } from './metrics.ts';
import type { InForce, Regime } from './regime.ts';
import type {
  Applicability,
  ClockStanding,
  Deadline,
  Settlement,
  Sighting,
} from './regulatory-clock.ts';

/** What people say about an incident, now or on its record: only as good as their word. */
export interface Declarations {
  readonly by: string;
  /** Answers to the questions of the vocabulary; one that is given both ways is no answer. */
  readonly facts: readonly { readonly name: string; readonly holds: boolean }[];
  /** RFC 3339. */
  readonly moments: readonly {
    readonly name: string;
    readonly at: string;
    /** Whose word it is, where it is another's than that of `by`. */
    readonly by?: string;
    /** The fact that records it; left out or null while none does. */
    readonly fact?: number | null;
  }[];
  /** By `<regime>/<clock>`. */
  readonly settled: readonly { readonly clock: string; readonly settlement: Settlement }[];
}

/** One clock, for one incident. */
export interface ClockView extends Applicability, ClockStanding, Deadline {
  readonly name: string;
  readonly title: string;
  readonly to: string | null;
  /** RFC 3339, in order. */
  readonly reminders: readonly string[];
  readonly settlement: Settlement | null;
}

/** One regime, for one incident; every one is shown, also those that do not apply. */
export interface RegimeView
  extends
    Applicability,
    Pick<
      Regime,
      | 'id'
      | 'version'
      | 'title'
      | 'source'
      | 'says'
      | 'basis'
      | 'status'
      | 'confirmed'
      | 'report'
      | 'note'
    > {
  /** Whether this version was in force on the day of awareness, and the days on which it is. */
  readonly inForce: InForce & { readonly then: Applicability['answer'] };
  /** Empty when it does not apply. */
  readonly clocks: readonly ClockView[];
}

/** How a declared fact stands. */
export interface FactView {
  readonly name: string;
  readonly question: string;
  readonly answer: 'yes' | 'no' | 'not said' | 'said both ways';
}

/** What was seen of a moment; the earliest sighting counts. */
export interface MomentView {
  readonly name: string;
  readonly question: string;
  readonly sighting: Sighting | null;
}

/** Everything that regulators may want of one incident, as it stands at a moment. */
export interface IncidentClocks {
  /** RFC 3339. */
  readonly asOf: string;
  readonly facts: readonly FactView[];
  readonly moments: readonly MomentView[];
  /** Those that apply first, then those that may, then the others; each by its next deadline. */
  readonly regimes: readonly RegimeView[];
}

function sightingOf(says: string, { at, fact }: Anchor): readonly Sighting[] {
  return at === null ? [] : [{ at, says, fact }];
}

/**
 * Every moment at which the incident's own log shows that somebody or something of ours knew. Which of them is awareness in
 * the sense of a law is for counsel; the earliest counts.
 */
export function awarenessOf(incident: Incident, facts: readonly Fact[]): readonly Sighting[] {
  const { anchors } = computeMetrics(incident, facts);
  return [
    ...sightingOf('the first alert came in', anchors.alert),
    ...sightingOf('the incident was opened', anchors.declared),
    ...sightingOf('somebody acknowledged it', anchors.acknowledged),
  ];
}
