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
}

/** A plan as stored: plain JSON. */
export type StoredPlan = Plan<Json>;

/** What the other side said it did; equal on a retry. */
export interface Receipt {
  readonly externalId: string;
  /** Whose mark the changed thing carries. */
  readonly origin: 'ours' | 'foreign';
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
  return a === b;
}

/** The three-way difference of a plan and what is observed: every path where observed is not `before`. */
export function threeWayDifference(
  plan: Pick<StoredPlan, 'before' | 'after'>,
  observed: Json,
): readonly Difference[] {
  const differences: Difference[] = [];
  // eslint-disable-next-line max-params -- the pieces have no common noun.
  const walk = (
    path: string,
    before: Json | undefined,
    after: Json | undefined,
    now: Json | undefined,
  ): void => {
    if (isRecord(before) || isRecord(now)) {
      const b = isRecord(before) ? before : {};
      const a = isRecord(after) ? after : {};
      const n = isRecord(now) ? now : {};
      for (const key of [...new Set([...Object.keys(b), ...Object.keys(n)])].sort()) {
        walk(path === '' ? key : `${path}.${key}`, b[key], a[key], n[key]);
      }
      return;
    }
    if (!jsonEquals(before, now)) differences.push({ path, before, after, observed: now });
  };
  walk('', plan.before, plan.after, observed);
  return differences;
}
