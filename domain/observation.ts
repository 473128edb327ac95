import type { Json } from './json.ts';

/** What the sync looks at: registry versions, aliases, stored bytes, inputs of runs, serving objects, what they run. */
export const OBSERVATION_KINDS = [
  'version',
  'alias',
  'artifact',
  'inputs',
  'serving',
  'running',
] as const;
/** One of `OBSERVATION_KINDS`. */
export type ObservationKind = (typeof OBSERVATION_KINDS)[number];

/** What one thing was seen to be, in two times; never changed once it is recorded. */
export interface Observation {
  readonly id: number;
  /** Connector instance that saw it. */
  readonly instance: string;
  readonly kind: ObservationKind;
  readonly subject: string;
  /** Null: it is gone. */
  readonly value: Json;
  /** Since when it was so, as the far side says, RFC 3339; null where it says nothing. */
  readonly validFrom: string | null;
  /** When we learned it, by our database's clock, RFC 3339. */
  readonly recordedAt: string;
  /** True for what was there before we first looked. */
  readonly backFill: boolean;
}

/** How subjects are named: parts that hold a slash are escaped. */
export const subjectOf = {
  version: (name: string, version: string): string =>
    `${encodeURIComponent(name)}/${encodeURIComponent(version)}`,
  alias: (name: string, alias: string): string =>
    `${encodeURIComponent(name)}/${encodeURIComponent(alias)}`,
  workload: (namespace: string, name: string): string => `${namespace}/${name}`,
};

/** A moment in both times: what was so at `validAt`, as we knew it at `knownAt`. */
export interface BitemporalPoint {
  readonly validAt: string;
  readonly knownAt: string;
}

/** Where the far side does not say since when, it was so when we saw it: earlier is not claimed. */
function since({ validFrom, recordedAt }: Observation): number {
  return Date.parse(validFrom ?? recordedAt);
}

/**
 * What one subject's history says of a moment: of what was known by then, the latest that had begun; a correction
 * with the same beginning wins over what it corrects. Null when nothing was known; an observation with value null
 * says that the thing was gone. The order of the history does not matter.
 */
export function asOf(
  history: readonly Observation[],
  { validAt, knownAt }: BitemporalPoint,
): Observation | null {
  const valid = Date.parse(validAt);
  const known = Date.parse(knownAt);
  return history
    .filter((one) => Date.parse(one.recordedAt) <= known && since(one) <= valid)
    .reduce<Observation | null>((best, one) => {
      if (best === null) return one;
      const later = since(one) - since(best) || one.id - best.id;
      return later > 0 ? one : best;
    }, null);
}
