import type { InstanceConfiguration } from './configuration.ts';
import type { InventoryEntry } from './inventory.ts';

/** What begins the title of a drill, and the subject of each message about one. */
export const DRILL_MARK = '[DRILL]';
/** What a reader could take for the mark, in whatever brackets. */
const MARK_LIKE = /\p{Ps}\s*drill\s*\p{Pe}/giu;

/** Whether something is of a drill: an incident, an instance, a route. */
export interface DrillSide {
  readonly drill: boolean;
}

/**
 * A title or subject that carries the mark when it is of a drill, once, and never otherwise: words from outside must
 * not make people take what is real for a drill.
 */
export function markedTitle(title: string, { drill }: DrillSide): string {
  const words = title.replace(MARK_LIKE, drill ? '' : 'drill');
  return drill ? `${DRILL_MARK} ${words.replace(/ {2,}/gu, ' ').trim()}` : words;
}

/** Names of the instances that only drills reach. */
export function drillInstances(
  instances: readonly Pick<InstanceConfiguration, 'name' | 'drill'>[],
): ReadonlySet<string> {
  return new Set(instances.filter(({ drill }) => drill === true).map(({ name }) => name));
}

/**
 * True for an entry of the inventory that only drills see: every object that serves its model stands in a drill
 * instance. One that nothing serves is real.
 */
export function isDrillEntry(
  { serving }: Pick<InventoryEntry, 'serving'>,
  instances: ReadonlySet<string>,
): boolean {
  return serving.length > 0 && serving.every(({ cluster }) => instances.has(cluster));
}
