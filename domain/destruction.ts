import type { Json } from './json.ts';

/** What an action does away with for good: nothing of ours keeps it, and no undo brings it back. */
export interface Destruction {
  /** What is lost, as people say it: `the pods that it takes away, with their memory and logs`. */
  readonly what: string;
  /** Which way loses it; left out when both do. */
  readonly on?: Direction;
  /** Whether a change between these states loses it; left out when every change does. */
  readonly when?: (from: Json, to: Json) => boolean;
}

/** What a manifest says: `nothing` when all that it changes is kept, or told by its plan and put back by its undo. */
export type Destroys = 'nothing' | Destruction;

/** Which way an effect goes: as planned, or back. */
export type Direction = 'apply' | 'undo';

/**
 * What an effect destroys, in words; null when nothing. `destroys` is undefined for an action that nobody knows: it is
 * taken to destroy.
 */
export function destroyedBy(
  destroys: Destroys | undefined,
  plan: { readonly before: Json; readonly after: Json },
  direction: Direction,
): string | null {
  if (destroys === undefined) return 'what it would do away with is not known';
  if (destroys === 'nothing') return null;
  const { what, on, when } = destroys;
  if (on !== undefined && on !== direction) return null;
  const [from, to] = direction === 'apply' ? [plan.before, plan.after] : [plan.after, plan.before];
  return when === undefined || when(from, to) ? `it destroys ${what}` : null;
}
