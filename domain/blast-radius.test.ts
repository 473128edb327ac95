// Goal: the blast radius is exactly what the suspect reaches, and a gap in lineage is never called clean.
// Method: random graphs with cycles, missing nodes and self-edges, compared with a brute-force transitive closure.
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { blastRadius } from './blast-radius.ts';
import { nodeId, type LineageEdge, type LineageGraph, type LineageNode } from './lineage.ts';

const NODES_MAX = 12;
const RUNS = 500;

function node(id: string, complete = true): LineageNode {
  return { id, kind: 'model', name: id, version: null, digest: null, createdAt: null, complete };
}

const edge = (from: string, to: string): LineageEdge => ({ from, to, source: 'openlineage' });

const graphs: fc.Arbitrary<LineageGraph> = fc.integer({ min: 1, max: NODES_MAX }).chain((count) => {
  const id = fc.integer({ min: 0, max: count - 1 }).map((index) => `model:m@${index.toString()}`);
  return fc.record({
    nodes: fc
      .tuple(
        fc.subarray(Array.from({ length: count }, (_, index) => index)),
        fc.array(fc.boolean(), { minLength: count, maxLength: count }),
      )
      .map(([present, complete]) =>
        present.map((index) => node(`model:m@${index.toString()}`, complete[index] ?? false)),
      ),
    edges: fc
      .array(fc.tuple(id, id), { maxLength: 30 })
      .map((pairs) => pairs.map(([from, to]) => edge(from, to))),
    truncated: fc.boolean(),
  });
});

/** Pairs (from, to) of the transitive closure, by repeated joining until nothing is added. */
function closure(edges: readonly LineageEdge[]): ReadonlySet<string> {
  const pairs = new Set(edges.map(({ from, to }) => `${from}|${to}`));
  for (let before = -1; before !== pairs.size;) {
    before = pairs.size;
    const joined = [...pairs].flatMap((pair) => {
      const [start = '', end] = pair.split('|');
      return edges.filter(({ from }) => from === end).map(({ to }) => `${start}|${to}`);
    });
    for (const pair of joined) pairs.add(pair);
  }
  return pairs;
}

const idsOf = (graph: LineageGraph): readonly string[] => [
  ...new Set([
    ...graph.nodes.map(({ id }) => id),
    ...graph.edges.flatMap(({ from, to }) => [from, to]),
  ]),
];

describe('blastRadius', () => {
  test('equals the brute-force closure', () => {
    fc.assert(
      fc.property(graphs, (graph) => {
        const suspect = 'model:m@0';
        const pairs = closure(graph.edges);
        const expected = idsOf(graph).filter(
          (id) => id !== suspect && pairs.has(`${suspect}|${id}`),
        );
        const radius = blastRadius(graph, suspect);
        expect(radius.affected.map(({ id }) => id).sort()).toEqual([...expected].sort());
        expect(radius.truncated).toBe(graph.truncated);
      }),
      { numRuns: RUNS },
    );
  });

  test('every path is made of edges and none is longer than needed', () => {
    fc.assert(
      fc.property(graphs, (graph) => {
        const radius = blastRadius(graph, 'model:m@0');
        const lengths = new Map(radius.affected.map(({ id, path }) => [id, path.length]));
        lengths.set('model:m@0', 1);
        for (const { id, path } of radius.affected) {
          expect(path[0]).toBe('model:m@0');
          expect(path.at(-1)).toBe(id);
          for (const [index, to] of path.entries()) {
            if (index === 0) continue;
            expect(graph.edges.some((one) => one.from === path[index - 1] && one.to === to)).toBe(
              true,
            );
          }
        }
        // Shortest: no edge leads from a node to one that is more than a step further.
        for (const { from, to } of graph.edges) {
          const here = lengths.get(from);
          const there = lengths.get(to);
          if (here !== undefined && there !== undefined)
            expect(there).toBeLessThanOrEqual(here + 1);
        }
      }),
      { numRuns: RUNS },
    );
  });

  test('what has an incomplete ancestor is unknown unless it is affected', () => {
    fc.assert(
      fc.property(graphs, (graph) => {
        const radius = blastRadius(graph, 'model:m@0');
        const pairs = closure(graph.edges);
        const complete = new Set(graph.nodes.filter((one) => one.complete).map(({ id }) => id));
        const gaps = idsOf(graph).filter((id) => !complete.has(id));
        const affected = new Set(radius.affected.map(({ id }) => id));
        const expected = idsOf(graph).filter(
          (id) =>
            id !== 'model:m@0' &&
            !affected.has(id) &&
            (gaps.includes(id) || gaps.some((gap) => pairs.has(`${gap}|${id}`))),
        );
        expect(radius.unknown).toEqual([...expected].sort());
      }),
      { numRuns: RUNS },
    );
  });

  test('the order of nodes and edges changes nothing', () => {
    fc.assert(
      fc.property(graphs, (graph) => {
        const turned = {
          ...graph,
          nodes: graph.nodes.toReversed(),
          edges: graph.edges.toReversed(),
        };
        expect(blastRadius(turned, 'model:m@0')).toEqual(blastRadius(graph, 'model:m@0'));
      }),
    );
  });

  test('a poisoned batch reaches the model that nobody named', () => {
    const batch = nodeId.dataset('warehouse', 'transactions', '2026-11-20');
    const graph: LineageGraph = {
      nodes: [
        batch,
        'run:a',
        'run:b',
        'model:fraud-scorer@7',
        'model:limits@3',
        'model:fraud-scorer@6',
      ].map((id) => node(id)),
      edges: [
        edge(batch, 'run:a'),
        edge(batch, 'run:b'),
        edge('run:a', 'model:fraud-scorer@7'),
        edge('run:b', 'model:limits@3'),
        edge('model:fraud-scorer@7', 'deployment:k8s/ml/canary'),
      ],
      truncated: false,
    };
    const radius = blastRadius(graph, batch);
    expect(radius.affected.map(({ id }) => id)).toEqual([
      'run:a',
      'run:b',
      'model:fraud-scorer@7',
      'model:limits@3',
      'deployment:k8s/ml/canary',
    ]);
    expect(radius.affected.at(-1)).toMatchObject({
      kind: 'deployment',
      name: 'k8s/ml/canary',
      version: null,
    });
    expect(radius.affected.at(-1)?.path).toEqual([
      batch,
      'run:a',
      'model:fraud-scorer@7',
      'deployment:k8s/ml/canary',
    ]);
    expect(radius.unknown).toEqual([]);
  });

  test('a hundred thousand nodes in a chain with a cycle end', () => {
    const count = 100_000;
    const ids = Array.from({ length: count }, (_, index) => `run:${index.toString()}`);
    const edges = ids.map((id, index) => edge(id, ids[(index + 1) % count] ?? id));
    // Only the length: paths of a chain are quadratic, so the far end is joined by a star instead.
    const star = ids.map((id) => edge('run:0', id));
    const radius = blastRadius(
      { nodes: [], edges: [...star, ...edges], truncated: false },
      'run:0',
    );
    expect(radius.affected).toHaveLength(count - 1);
  });
});
