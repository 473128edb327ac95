/** How a serving object gets its model. */
export type LoadMethod = 'alias-at-start' | 'pinned-uri' | 'baked-image' | 'sidecar';

/** What may serve instead while a model is isolated. */
export const ON_ISOLATION = [
  'previous-version',
  'fallback-model',
  'rules',
  'fail-closed',
  'fail-open',
] as const;
/** One of `ON_ISOLATION`. */
export type OnIsolation = (typeof ON_ISOLATION)[number];

/** How sure an inventory entry or a match is. */
export type Confidence = 'high' | 'medium' | 'low';

/** One object that serves a model. */
export interface ServingObject {
  /** Connector instance that reaches it: `kubernetes` unless several clusters are configured. */
  readonly cluster: string;
  readonly namespace: string;
  readonly kind: 'Deployment';
  readonly name: string;
  readonly container: string;
  /** `stable` carries the normal traffic, `canary` the trial share; `only` when there is no canary. */
  readonly role: 'stable' | 'canary' | 'only';
}

/** What we know about one model: where it lives, how it is served, what it is made from. */
export interface InventoryEntry {
  readonly model: string;
  /** Name in the model registry. */
  readonly registryName: string;
  /** Alias that production follows, e.g. `champion`. */
  readonly alias: string;
  readonly serving: readonly ServingObject[];
  /** Kubernetes Service in front of the serving objects: `namespace/name`; null when none is known. */
  readonly service: string | null;
  readonly load: LoadMethod;
  /** Replicas of full capacity over all serving objects together. */
  readonly replicas: number;
  /** Pipeline that retrains it (an Airflow DAG id); null when none is known. */
  readonly pipeline: string | null;
  /** Datasets it is trained on, as `namespace/name` in lineage words. */
  readonly datasets: readonly string[];
  /** Where the pipeline reads its dataset version: a key of a ConfigMap. */
  readonly datasetPointer: {
    readonly namespace: string;
    readonly name: string;
    readonly key: string;
  } | null;
  readonly owner: string;
  /** The team that it belongs to, as grants name it; absent: none. */
  readonly team?: string;
  readonly onIsolation: OnIsolation | null;
  /** Where the entry came from: `file`, `annotation`, `discovery`. */
  readonly source: 'file' | 'annotation' | 'discovery';
  readonly confidence: Confidence;
}

/** A rule by which alert labels select inventory entries; its expression is CEL over the alert and the entry. */
export interface SelectionRule {
  readonly name: string;
  /** True when the entry is meant: CEL over `alert` and `entry`. */
  readonly when: string;
  readonly confidence: Confidence;
}

/** One rule tried on one entry, for `targets explain`. */
export interface SelectionStep {
  readonly rule: string;
  readonly model: string;
  readonly matched: boolean;
  readonly reason: string;
}

/** What an alert's labels select. `resolved` only with exactly one entry of at least medium confidence. */
export interface ResolvedTargets {
  readonly status: 'resolved' | 'none' | 'several' | 'weak';
  readonly entry: InventoryEntry | null;
  readonly candidates: readonly InventoryEntry[];
  readonly steps: readonly SelectionStep[];
}
