import type { Fact } from './fact.ts';
import { STEP_NAMES, type StepName } from './playbook.ts';

/** One entry of the timeline, with both of its times. */
export interface TimelineEntry {
  /** Sequence of the fact that it shows. */
  readonly fact: number;
  readonly kind: Fact['kind'];
  /** When it happened, RFC 3339. */
  readonly happenedAt: string;
  /** When we learned of it, RFC 3339. */
  readonly learnedAt: string;
  readonly actor: string;
  readonly step: StepName | null;
  readonly operation: string | null;
  readonly target: string | null;
  readonly summary: string;
  /** Sequences of the facts that caused it, as far as they are in the log. */
  readonly causes: readonly number[];
}

/** The same entries in two orders, and apart by step. */
export interface Timeline {
  /** What happened: by the time at which it did. */
  readonly happened: readonly TimelineEntry[];
  /** What we learned: in the order of the log. */
  readonly learned: readonly TimelineEntry[];
  /** What we learned, by step; `null` holds what belongs to none. */
  readonly lanes: readonly {
    readonly step: StepName | null;
    readonly entries: readonly TimelineEntry[];
  }[];
}

/** The moment at which a fact's matter happened: its own time, or the time of recording. */
export function momentOf(fact: Pick<Fact, 'occurredAt' | 'recordedAt'>): string {
  return fact.occurredAt ?? fact.recordedAt;
}

/** Milliseconds of an RFC 3339 time; null for text that is none. */
export function timeOf(time: string | null): number | null {
  const milliseconds = time === null ? Number.NaN : Date.parse(time);
  return Number.isNaN(milliseconds) ? null : milliseconds;
}

/**
 * The timeline of facts: curation never changes it, corrections are facts of their own. Entries whose time cannot be read
 * stand where they were learned. Equal times keep the order of the log.
 */
export function foldTimeline(facts: readonly Fact[]): Timeline {
  const sequences = new Map(facts.map(({ key, sequence }) => [key, sequence]));
  const learned = facts
    .toSorted((a, b) => a.sequence - b.sequence)
    .map((fact): TimelineEntry => ({
      fact: fact.sequence,
      kind: fact.kind,
      happenedAt: timeOf(fact.occurredAt) === null ? fact.recordedAt : momentOf(fact),
      learnedAt: fact.recordedAt,
      actor: fact.actor,
      step: fact.step,
      operation: fact.operation,
      target: fact.target,
      summary: fact.summary,
      causes: fact.causes.flatMap((key) => sequences.get(key) ?? []),
    }));
  const at = (entry: TimelineEntry): number => timeOf(entry.happenedAt) ?? 0;
  return {
    happened: learned.toSorted((a, b) => at(a) - at(b) || a.fact - b.fact),
    learned,
    lanes: [null, ...STEP_NAMES].map((step) => ({
      step,
      entries: learned.filter((entry) => entry.step === step),
    })),
  };
}
