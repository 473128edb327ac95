import { z } from 'zod';
import { AppError } from '../domain/error.ts';
import type { LineageEdge, LineageGraph, LineageNode, LineageNodeId } from '../domain/lineage.ts';
import { idRow, timestamp } from './column.ts';
import { requireRow, type Connection } from './connection.ts';
import type { LineageTable } from './lineage-table.ts';

/** Most nodes or edges of one merge. */
const MERGE_MAX = 50_000;
/** Most nodes of one walk. */
export const WALK_NODES_MAX = 100_000;
/** Edges that a walk reads per node that it may reach. */
const EDGES_PER_NODE_MAX = 10;

const NODE_COLUMNS = `id, kind, name, version, digest, created_at as "createdAt", complete`;

// What was recorded first stays: a later digest or time does not replace it, and completeness is not taken back.
const MERGE_NODES = {
  name: 'lineage-merge-nodes',
  text: `insert into firebreak.lineage_node as old (id, kind, name, version, digest, created_at, complete)
    select n.id, n.kind, n.name, n.version, n.digest, n.created_at, n.complete
    from unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::timestamptz[],
      $7::boolean[]) as n (id, kind, name, version, digest, created_at, complete)
    order by n.id
    on conflict (id) do update set
      digest = coalesce(old.digest, excluded.digest),
      created_at = coalesce(old.created_at, excluded.created_at),
      complete = old.complete or excluded.complete
    where (old.digest is null and excluded.digest is not null)
      or (old.created_at is null and excluded.created_at is not null)
      or (excluded.complete and not old.complete)`,
};

const MERGE_EDGES = {
  name: 'lineage-merge-edges',
  text: `insert into firebreak.lineage_edge (from_id, to_id, source)
    select distinct e.from_id, e.to_id, e.source
    from unnest($1::text[], $2::text[], $3::text[]) as e (from_id, to_id, source)
    order by 1, 2, 3 on conflict do nothing`,
};

const FIND = {
  name: 'lineage-find',
  text: `select ${NODE_COLUMNS} from firebreak.lineage_node where id = any($1::text[]) order by id`,
};

const TOLD = {
  name: 'lineage-told',
  text: 'select exists (select 1 from firebreak.lineage_node) as told',
};

/** The walk keeps each id once (UNION), so that a cycle ends; it is cut one past the limit. */
function walkText(from: 'from_id' | 'to_id', to: 'from_id' | 'to_id'): string {
  return `with recursive walk (id) as (
      select $1::text
      union
      select e.${to} from walk w join firebreak.lineage_edge e on e.${from} = w.id
    )
    select id from walk limit $2`;
}

const DOWNSTREAM = { name: 'lineage-downstream', text: walkText('from_id', 'to_id') };
const UPSTREAM = { name: 'lineage-upstream', text: walkText('to_id', 'from_id') };

const EDGES = {
  name: 'lineage-edges',
  text: `select from_id as "from", to_id as "to", source from firebreak.lineage_edge
    where from_id = any($1::text[]) and to_id = any($1::text[]) order by 1, 2, 3 limit $2`,
};

const nodeRow: z.ZodType<LineageNode> = z.object({
  id: z.string(),
  kind: z.enum(['dataset', 'run', 'model', 'deployment']),
  name: z.string(),
  version: z.string().nullable(),
  digest: z.string().nullable(),
  createdAt: timestamp.nullable(),
  complete: z.boolean(),
});

const edgeRow: z.ZodType<LineageEdge> = z.object({
  from: z.string(),
  to: z.string(),
  source: z.string(),
});

/** One node per id: the first digest and time given, complete when any says so. */
function distinctNodes(nodes: readonly LineageNode[]): readonly LineageNode[] {
  const byId = new Map<LineageNodeId, LineageNode>();
  for (const node of nodes) {
    const known = byId.get(node.id);
    byId.set(
      node.id,
      known === undefined
        ? node
        : {
            ...known,
            digest: known.digest ?? node.digest,
            createdAt: known.createdAt ?? node.createdAt,
            complete: known.complete || node.complete,
          },
    );
  }
  return [...byId.values()];
}

async function merge(
  connection: Connection,
  given: readonly LineageNode[],
  edges: readonly LineageEdge[],
): Promise<void> {
  if (given.length > MERGE_MAX || edges.length > MERGE_MAX) {
    throw new AppError('too_large', 'Too much lineage in one merge.', {
      details: { nodes: given.length, edges: edges.length, eachMax: MERGE_MAX },
    });
  }
  const nodes = distinctNodes(given);
  if (nodes.length > 0) {
    await connection.write(MERGE_NODES, [
      nodes.map((node) => node.id),
      nodes.map((node) => node.kind),
      nodes.map((node) => node.name),
      nodes.map((node) => node.version),
      nodes.map((node) => node.digest),
      nodes.map((node) => node.createdAt),
      nodes.map((node) => node.complete),
    ]);
  }
  if (edges.length > 0) {
    await connection.write(MERGE_EDGES, [
      edges.map((edge) => edge.from),
      edges.map((edge) => edge.to),
      edges.map((edge) => edge.source),
    ]);
  }
}

const toldRow = z.object({ told: z.boolean() });

async function walk(
  connection: Connection,
  on: typeof DOWNSTREAM,
  request: { readonly from: LineageNodeId; readonly limit: number },
): Promise<LineageGraph> {
  const limit = Math.max(1, Math.min(request.limit, WALK_NODES_MAX));
  const reached = await connection.rows(on, [request.from, limit + 1], idRow);
  const ids = reached.slice(0, limit).map((row) => row.id);
  const edgesMax = limit * EDGES_PER_NODE_MAX;
  const edges = await connection.rows(EDGES, [ids, edgesMax + 1], edgeRow);
  return {
    nodes: await connection.rows(FIND, [ids], nodeRow),
    edges: edges.slice(0, edgesMax),
    truncated: reached.length > limit || edges.length > edgesMax,
  };
}

/**
 * The lineage graph over a connection; see the contract for what each function answers. A walk's graph holds
 * its start; a node that only an edge names is in the edges and not among the nodes. `merge` raises
 * `too_large` past 50,000 nodes or edges.
 */
export function createLineageTable(connection: Connection): LineageTable {
  return {
    merge: (nodes, edges) => connection.atomic((transaction) => merge(transaction, nodes, edges)),
    downstream: (from, limit) => walk(connection, DOWNSTREAM, { from, limit }),
    upstream: (from, limit) => walk(connection, UPSTREAM, { from, limit }),
    find: (ids) => connection.rows(FIND, [ids], nodeRow),
    isTold: async () => {
      const row = await requireRow(connection.rows(TOLD, [], toldRow), 'One row is answered.');
      return row.told;
    },
  };
}
