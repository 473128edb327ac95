import type {
  AffectedNode,
  BlastRadius,
  LineageGraph,
  LineageKind,
  LineageNode,
  LineageNodeId,
} from './lineage.ts';

/** Of a longer path only the end is told: this many nodes. */
const PATH_NODES_MAX = 200;

const KINDS: readonly LineageKind[] = ['dataset', 'run', 'model', 'deployment'];

function neighbours(graph: LineageGraph): ReadonlyMap<LineageNodeId, readonly LineageNodeId[]> {
  const next = new Map<LineageNodeId, LineageNodeId[]>();
  for (const { from, to } of graph.edges) {
    const known = next.get(from);
    if (known) known.push(to);
    else next.set(from, [to]);
  }
  for (const list of next.values()) list.sort();
  return next;
}

/** Everything reachable from the starts (themselves included), each with the node from which it was reached first. */
function reach(
  graph: LineageGraph,
  starts: readonly LineageNodeId[],
): ReadonlyMap<LineageNodeId, LineageNodeId | null> {
  const next = neighbours(graph);
  const reachedFrom = new Map<LineageNodeId, LineageNodeId | null>();
  for (const start of starts) reachedFrom.set(start, null);
  // A Map is walked in order of insertion, also what is inserted on the way: breadth first, each node once.
  for (const id of reachedFrom.keys()) {
    for (const to of next.get(id) ?? []) if (!reachedFrom.has(to)) reachedFrom.set(to, id);
  }
  return reachedFrom;
}

function pathTo(
  id: LineageNodeId,
  reachedFrom: ReadonlyMap<LineageNodeId, LineageNodeId | null>,
): readonly LineageNodeId[] {
  const path: LineageNodeId[] = [];
  for (let at: LineageNodeId | null = id; at !== null; at = reachedFrom.get(at) ?? null) {
    path.push(at);
    if (path.length === PATH_NODES_MAX) break;
  }
  return path.reverse();
}

/** What an id says of a node that only edges name: kind before the colon, version after the last `@`. */
function describeId(id: LineageNodeId): Pick<LineageNode, 'kind' | 'name' | 'version'> {
  const colon = id.indexOf(':');
  const kind = KINDS.find((known) => known === id.slice(0, colon)) ?? 'dataset';
  const rest = id.slice(colon + 1);
  const mark = kind === 'dataset' || kind === 'model' ? rest.lastIndexOf('@') : -1;
  return mark === -1
    ? { kind, name: rest, version: null }
    : { kind, name: rest.slice(0, mark), version: rest.slice(mark + 1) };
}

/**
 * Everything downstream of the suspect, each with a shortest path to it; the suspect itself is not in the list.
 * Cycles end. What is not reached but has an ancestor about which nobody said that its inputs are all known is
 * `unknown`, never clean. Equal graphs give equal answers, whatever their order. Raises nothing.
 */
export function blastRadius(graph: LineageGraph, suspect: LineageNodeId): BlastRadius {
  const nodes = new Map(graph.nodes.map((node) => [node.id, node]));
  const reachedFrom = reach(graph, [suspect]);
  const affected = [...reachedFrom.keys()]
    .filter((id) => id !== suspect)
    .map((id): AffectedNode => {
      const { kind, name, version } = nodes.get(id) ?? describeId(id);
      return { id, kind, name, version, path: pathTo(id, reachedFrom) };
    });
  const all = new Set([...nodes.keys(), ...graph.edges.flatMap(({ from, to }) => [from, to])]);
  // A node that only edges name was described by nobody: what went into it is unknown as well.
  const incomplete = [...all].filter((id) => nodes.get(id)?.complete !== true);
  const unknown = [...reach(graph, incomplete).keys()].filter((id) => !reachedFrom.has(id)).sort();
  return { suspect, affected, unknown, truncated: graph.truncated };
}
