import { atLeast, type ApprovalClass } from './approval.ts';
import type { InventoryEntry, OnIsolation } from './inventory.ts';
import type { OperationKey } from './operation.ts';

/** How much may be isolated before people are asked: at one time, or within one hour. */
export interface IsolationCaps {
  /** Serving objects (Deployments) of one model. */
  readonly targets: number;
  /** Percent of one model's replicas that are ready or isolated. */
  readonly modelPercent: number;
  /** Percent of the replicas of all models of the inventory. */
  readonly totalPercent: number;
}

/** How far the alerts of one source may lead before people are asked. */
export interface SourceCaps {
  /** Models that its alerts may touch; null: every one. */
  readonly models: readonly string[] | null;
  /** The highest class of effect that goes on by itself. */
  readonly highestClass: 'R0' | 'R1';
  /** Incidents opened within the hour before, this one included; null: as many as come. */
  readonly incidentsPerHour: number | null;
}

/** The limits over all incidents. Beyond one of them an effect needs an approval of R2; it is never dropped. */
export interface Caps {
  readonly atOnce: IsolationCaps;
  /** Counts what was isolated within the last hour, whether or not it was put back. */
  readonly perHour: IsolationCaps;
  /** Of every source that `sources` does not name. */
  readonly source: SourceCaps;
  readonly sources: Readonly<Record<string, SourceCaps>>;
}

const ISOLATION: IsolationCaps = { targets: 2, modelPercent: 50, totalPercent: 10 };

/** What holds unless the configuration says otherwise. */
export const DEFAULT_CAPS: Caps = {
  atOnce: ISOLATION,
  perHour: ISOLATION,
  source: { models: null, highestClass: 'R1', incidentsPerHour: 20 },
  sources: {},
};

/** Serving capacity that one effect isolates, reserved in the transaction that stored its plan. */
export interface Isolated extends OperationKey {
  /** Order of reserving over all incidents: reserved one after the other. */
  readonly sequence: number;
  readonly model: string;
  /** Claim key of the serving object. */
  readonly object: string;
  readonly replicas: number;
  /** True when the replicas stay up and only lose their traffic. */
  readonly stays: boolean;
  /** Replicas of the model that were ready or isolated when this was reserved. */
  readonly capacity: number;
  /** Ready replicas of the model that would go on serving, when this was reserved. */
  readonly remaining: number;
  /** False once it was put back, refused, or taken over by a later effect. */
  readonly inForce: boolean;
  /** True once the change is known to be in the world. */
  readonly applied: boolean;
  /** True when reserved within the last hour. */
  readonly recent: boolean;
}

/** What other effects isolate, and how busy the incident's source was. */
export interface CapStanding {
  readonly isolated: readonly Isolated[];
  /** Incidents that the source opened in the hour up to this one, itself included, as far as they were counted. */
  readonly incidentsOfSource: number;
}

/** Capacity that an effect would take away. */
export interface Taking {
  readonly model: string;
  readonly objects: readonly Pick<Isolated, 'object' | 'replicas' | 'stays'>[];
  readonly capacity: number;
  readonly remaining: number;
  /** What serves instead of the model; null when the inventory does not say. */
  readonly instead: OnIsolation | null;
}

/** What a serving object can do now. */
export interface ServingCapacity {
  readonly object: string;
  readonly ready: number;
}

/** Most replicas isolated of each object: several effects on one object take it away once. */
function byObject(
  isolated: readonly Pick<Isolated, 'object' | 'replicas'>[],
): ReadonlyMap<string, number> {
  const most = new Map<string, number>();
  for (const { object, replicas } of isolated) {
    most.set(object, Math.max(most.get(object) ?? 0, replicas));
  }
  return most;
}

function sum(numbers: Iterable<number>): number {
  let total = 0;
  for (const number of numbers) total += number;
  return total;
}

/** Replicas of all models, as the inventory knows them. */
export function replicasOf(inventory: readonly Pick<InventoryEntry, 'replicas'>[]): number {
  return sum(inventory.map(({ replicas }) => replicas));
}

/**
 * What an effect would take away of a model whose serving objects stand as `serving` says. Replicas that an effect in
 * force has taken out of service count as isolated, not as healthy; those that it removed are not ready any more.
 */
export function takingOf(
  effect: Pick<Taking, 'model' | 'objects' | 'instead'>,
  serving: readonly ServingCapacity[],
  isolated: readonly Isolated[],
): Taking {
  const inForce = isolated.filter((one) => one.inForce);
  const gone = byObject(inForce.filter(({ applied, stays }) => applied && !stays));
  const unserving = byObject([
    ...inForce.filter(({ applied, stays }) => !applied || stays),
    ...effect.objects,
  ]);
  const objects = [...new Map(serving.map((one) => [one.object, one])).values()];
  return {
    ...effect,
    capacity: sum(objects.map(({ object, ready }) => ready + (gone.get(object) ?? 0))),
    remaining: sum(
      objects.map(({ object, ready }) => Math.max(0, ready - (unserving.get(object) ?? 0))),
    ),
  };
}

/** Replicas that a percentage allows: one at least, else no small model could be isolated without a person; 0 % is none. */
function allowed(percent: number, capacity: number): number {
  return percent === 0 ? 0 : Math.max(1, Math.floor((percent * capacity) / 100));
}

/** Why this takes the last healthy capacity of the model, or null. Such an effect is never R1. */
export function lastCapacity({ model, objects, remaining, instead }: Taking): string | null {
  if (objects.length === 0 || remaining > 0) return null;
  const then =
    instead === null
      ? 'the inventory does not say what serves instead (onIsolation)'
      : `what serves instead is ${instead}`;
  return `it takes the last healthy capacity of ${model} away, and ${then}`;
}

/** The cap on isolation that an effect goes beyond, as a reason for people; null when it stays within all of them. */
export function exceededIsolation(
  caps: Pick<Caps, 'atOnce' | 'perHour'>,
  taking: Taking,
  around: { readonly others: readonly Isolated[]; readonly totalReplicas: number },
): string | null {
  const { others, totalReplicas } = around;
  if (taking.objects.length === 0) return null;
  return (
    lastCapacity(taking) ??
    beyond({ caps: caps.atOnce, when: 'at once' }, taking, {
      totalReplicas,
      others: others.filter(({ inForce }) => inForce),
    }) ??
    beyond({ caps: caps.perHour, when: 'within an hour' }, taking, {
      totalReplicas,
      others: others.filter(({ recent }) => recent),
    })
  );
}

function beyond(
  { caps, when }: { readonly caps: IsolationCaps; readonly when: string },
  taking: Taking,
  around: { readonly others: readonly Isolated[]; readonly totalReplicas: number },
): string | null {
  const { model, objects, capacity } = taking;
  const ofModel = byObject([...around.others.filter((one) => one.model === model), ...objects]);
  const ofAll = byObject([...around.others, ...objects]);
  if (ofModel.size > caps.targets) {
    return `${ofModel.size.toString()} targets of ${model} isolated ${when}, the cap is ${caps.targets.toString()}`;
  }
  const replicas = sum(ofModel.values());
  if (replicas > allowed(caps.modelPercent, capacity)) {
    return `${replicas.toString()} of ${capacity.toString()} replicas of ${model} isolated ${when}, the cap is ${caps.modelPercent.toString()} %`;
  }
  const all = sum(ofAll.values());
  if (all > allowed(caps.totalPercent, around.totalReplicas)) {
    return `${all.toString()} of ${around.totalReplicas.toString()} replicas of all models isolated ${when}, the cap is ${caps.totalPercent.toString()} %`;
  }
  return null;
}

/** How many incidents of a source must be counted to know whether its cap is exceeded. */
export function incidentsToCount({ source, sources }: Pick<Caps, 'source' | 'sources'>): number {
  const caps = [source, ...Object.values(sources)].map((one) => one.incidentsPerHour ?? -1);
  return Math.max(...caps) + 1;
}

/** The cap on the source of an incident that an effect goes beyond, as a reason for people; null when none. */
export function exceededSourceCap(
  caps: Pick<Caps, 'source' | 'sources'>,
  effect: {
    /** Null when a person opened the incident. */
    readonly source: string | null;
    readonly model: string | null;
    readonly approvalClass: ApprovalClass;
    readonly incidentsOfSource: number;
  },
): string | null {
  const { source, approvalClass } = effect;
  // What is R2 waits for people anyway.
  if (source === null || atLeast(approvalClass, 'R2')) return null;
  return beyondSource(sourceCapsOf(caps, source), { ...effect, source });
}

/** The caps of one source: its own, or those of every source. */
function sourceCapsOf(
  { source, sources }: Pick<Caps, 'source' | 'sources'>,
  name: string,
): SourceCaps {
  // A source may be called like a property that every object has.
  return (Object.hasOwn(sources, name) ? sources[name] : undefined) ?? source;
}

function beyondSource(
  { models, highestClass, incidentsPerHour }: SourceCaps,
  effect: {
    readonly source: string;
    readonly model: string | null;
    readonly approvalClass: ApprovalClass;
    readonly incidentsOfSource: number;
  },
): string | null {
  const { source, model, approvalClass, incidentsOfSource } = effect;
  if (!atLeast(highestClass, approvalClass)) {
    return `alerts of ${source} lead to ${highestClass} at most without a person`;
  }
  if (models?.includes(model ?? '') === false) {
    return `alerts of ${source} may not touch ${model ?? 'an unknown model'} without a person`;
  }
  if (incidentsPerHour !== null && incidentsOfSource > incidentsPerHour) {
    return `${source} opened more than ${incidentsPerHour.toString()} incidents within an hour`;
  }
  return null;
}
