import type { Json } from './json.ts';

/** What an action would change, computed without changing anything. */
export interface Plan<Before> {
  /** One sentence that an approver can judge. */
  readonly summary: string;
  /** Claim targets without the instance: `<kind>/<namespace>/<name>`; the first is the thing acted on. */
  readonly targets: readonly string[];
  /** What revert restores and apply compares with: only fields that we own. */
  readonly before: Before;
  /** The same fields as they shall be; a retry that finds them adopts. */
  readonly after: Before;
  /** The far side's version token of what was read; null when it has none. */
  readonly token: string | null;
  /** One sentence: what undo would do. */
  readonly undo: string;
  /** Serving capacity that it takes away, by serving object; absent when none. */
  readonly takes?: readonly TakenCapacity[];
}

/** Ready replicas of one serving object that a change takes out of service. */
export interface TakenCapacity {
  /** The serving object as a claim target without the instance: `<kind>/<namespace>/<name>`. */
  readonly object: string;
  readonly replicas: number;
  /** True when the replicas stay up and only lose their traffic. */
  readonly stays: boolean;
}

/** A plan as stored: plain JSON. */
export type StoredPlan = Plan<Json>;

/** What the other side said it did; equal on a retry. */
export interface Receipt {
  readonly externalId: string;
  /** Whose mark the changed thing carries. */
  readonly origin: 'ours' | 'foreign';
  /** Only of `ensure`: who had moved it, as far as the far side tells. */
  readonly movedBy?: string;
}

/** What was then observed. */
export type Verdict =
  { readonly holds: 'yes' } | { readonly holds: 'no' | 'unknown'; readonly reason: string };

/** One difference between a plan and the world, for people. */
export interface Difference {
  readonly path: string;
  readonly before: Json | undefined;
  readonly after: Json | undefined;
  readonly observed: Json | undefined;
}

function isRecord(value: Json | undefined): value is Readonly<Record<string, Json>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** True when two JSON values are equal, the order of object keys aside. */
export function jsonEquals(a: Json | undefined, b: Json | undefined): boolean {
  if (a === b) return true;
  if (Array.isArray(a) && Array.isArray(b)) {
    const left: readonly Json[] = a;
    const right: readonly Json[] = b;
    return (
      left.length === right.length && left.every((item, index) => jsonEquals(item, right[index]))
    );
  }
  if (isRecord(a) && isRecord(b)) {
    const keys = Object.keys(a);
    return keys.length === Object.keys(b).length && keys.every((key) => jsonEquals(a[key], b[key]));
  }
  return false;
}

/** What differs at one place and below it. */
function differencesAt(place: Difference): readonly Difference[] {
  const { path, before, after, observed } = place;
  if (!isRecord(before) && !isRecord(observed)) return jsonEquals(before, observed) ? [] : [place];
  const inner = {
    before: isRecord(before) ? before : {},
    after: isRecord(after) ? after : {},
    observed: isRecord(observed) ? observed : {},
  };
  const keys = new Set([...Object.keys(inner.before), ...Object.keys(inner.observed)]);
  return [...keys].sort().flatMap((key) =>
    differencesAt({
      path: path === '' ? key : `${path}.${key}`,
      before: inner.before[key],
      after: inner.after[key],
      observed: inner.observed[key],
    }),
  );
}

/** The three-way difference of a plan and what is observed: every path where observed is not `before`. */
export function threeWayDifference(
  plan: Pick<StoredPlan, 'before' | 'after'>,
  observed: Json,
): readonly Difference[] {
  return differencesAt({ path: '', before: plan.before, after: plan.after, observed });
}
