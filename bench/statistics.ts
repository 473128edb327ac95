/** The value below which the share `q` of the samples lies; null without samples. */
export function quantile(samples: readonly number[], q: number): number | null {
  const sorted = samples.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.ceil(q * sorted.length) - 1)] ?? null;
}

/** The middle one of several rounds, and how far they lie apart. */
export interface Spread {
  readonly median: number;
  readonly min: number;
  readonly max: number;
}

/** Median and range of one figure over its rounds; null when no round has it. */
export function spreadOf(rounds: readonly (number | null)[]): Spread | null {
  const values = rounds.filter((value) => value !== null);
  const median = quantile(values, 0.5);
  if (median === null) return null;
  return { median, min: Math.min(...values), max: Math.max(...values) };
}
