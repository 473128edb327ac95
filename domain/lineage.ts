/** Kinds of node in our lineage graph. */
export type LineageKind = 'dataset' | 'run' | 'model' | 'deployment';

/**
 * A node's id:
 * `dataset:<namespace>/<name>@<version>` · `run:<run id>` · `model:<registry name>@<version>` · `deployment:<cluster>/<namespace>/<name>`.
 */
export type LineageNodeId = string;

/** One thing that data or models are made from or into. */
export interface LineageNode {
  readonly id: LineageNodeId;
  readonly kind: LineageKind;
  readonly name: string;
  readonly version: string | null;
  /** SHA-256 (hex) of its bytes as first recorded; null when nobody recorded one. */
  readonly digest: string | null;
  readonly createdAt: string | null;
  /** True when a producer said it lists all inputs of this node; otherwise ancestry may be incomplete. */
  readonly complete: boolean;
}

/** `from` went into `to`. */
export interface LineageEdge {
  readonly from: LineageNodeId;
  readonly to: LineageNodeId;
  /** Who said so: `openlineage`, `registry`, `inventory`. */
  readonly source: string;
}

/** A part of the lineage graph. */
export interface LineageGraph {
  readonly nodes: readonly LineageNode[];
  readonly edges: readonly LineageEdge[];
  /** True when a limit cut the walk: what lies beyond is unknown. */
  readonly truncated: boolean;
}

/** One thing that the suspect reaches, with a shortest path to it. */
export interface AffectedNode {
  readonly id: LineageNodeId;
  readonly kind: LineageKind;
  readonly name: string;
  readonly version: string | null;
  readonly path: readonly LineageNodeId[];
}

/** Everything that a suspect reaches, and what is not known. */
export interface BlastRadius {
  readonly suspect: LineageNodeId;
  readonly affected: readonly AffectedNode[];
  /** Nodes whose ancestry is incomplete: neither affected nor clean. */
  readonly unknown: readonly LineageNodeId[];
  readonly truncated: boolean;
}

/** Builds a node id from its parts. */
export const nodeId = {
  dataset: (namespace: string, name: string, version: string): LineageNodeId =>
    `dataset:${namespace}/${name}@${version}`,
  run: (runId: string): LineageNodeId => `run:${runId}`,
  model: (name: string, version: string): LineageNodeId => `model:${name}@${version}`,
  deployment: (cluster: string, namespace: string, name: string): LineageNodeId =>
    `deployment:${cluster}/${namespace}/${name}`,
};
