import type { Labels } from './exposition.ts';

/** A value at a moment. */
export interface Sample {
  /** Milliseconds since the epoch. */
  readonly at: number;
  /** Null marks the moment from which the series is stale. */
  readonly value: number | null;
}

/** One series, oldest sample first. */
export interface Series {
  readonly labels: Labels;
  readonly samples: readonly Sample[];
}

interface KeptSeries extends Series {
  readonly samples: Sample[];
}

const SERIES_MAX = 20_000;
const SAMPLES_PER_SERIES_MAX = 6_000;

/** Labels in one fixed order: equal labels, equal text. */
export function labelKey(labels: Labels): string {
  return JSON.stringify(Object.entries(labels).sort(([a], [b]) => (a < b ? -1 : 1)));
}

/** Samples in memory, bounded: the oldest go first; series beyond the limit are not taken. */
export class SampleStore {
  private readonly byKey = new Map<string, KeptSeries>();

  /**
   * Appends a sample, or a staleness mark for null; what is not newer than the last one is dropped. `key` is the labels'
   * `labelKey`, where it is known already.
   */
  append(labels: Labels, sample: Sample, key = labelKey(labels)): void {
    let series = this.byKey.get(key);
    if (!series) {
      if (this.byKey.size >= SERIES_MAX) return;
      series = { labels, samples: [] };
      this.byKey.set(key, series);
    }
    const last = series.samples.at(-1);
    if (last !== undefined && last.at >= sample.at) return;
    series.samples.push(sample);
    if (series.samples.length > SAMPLES_PER_SERIES_MAX) series.samples.shift();
  }

  /** Every series that a condition on labels takes. */
  select(matches: (labels: Labels) => boolean): readonly Series[] {
    return [...this.byKey.values()].filter((series) => matches(series.labels));
  }
}
