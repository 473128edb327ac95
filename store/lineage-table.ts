import type { LineageEdge, LineageGraph, LineageNode, LineageNodeId } from '../domain/lineage.ts';

/** What can be done with lineage rows. */
export interface LineageTable {
  /** Upserts nodes and edges; idempotent. A digest once recorded is not replaced. */
  merge(nodes: readonly LineageNode[], edges: readonly LineageEdge[]): Promise<void>;
  /** Everything downstream of a node, capped. */
  downstream(from: LineageNodeId, limit: number): Promise<LineageGraph>;
  /** Everything upstream of a node, capped. */
  upstream(from: LineageNodeId, limit: number): Promise<LineageGraph>;
  find(ids: readonly LineageNodeId[]): Promise<readonly LineageNode[]>;
  /** True when anything at all was ever told. */
  isTold(): Promise<boolean>;
}
