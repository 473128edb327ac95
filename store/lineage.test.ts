import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import type { LineageEdge, LineageNode } from '../domain/lineage.ts';
import { useStores } from './test-store.ts';

// Goal: a walk reaches everything that lineage reaches and nothing else, and ends. Method: random graphs, with
// cycles, against the closure computed by hand.

const stores = useStores();
let graphs = 0;

function node(id: string, wish: Partial<LineageNode> = {}): LineageNode {
  return {
    id,
    kind: 'dataset',
    name: id,
    version: null,
    digest: null,
    createdAt: null,
    complete: false,
    ...wish,
  };
}

function closure(
  start: string,
  edges: readonly LineageEdge[],
  way: 'down' | 'up',
): ReadonlySet<string> {
  const reached = new Set([start]);
  for (let grown = true; grown;) {
    grown = false;
    for (const edge of edges) {
      const [near, far] = way === 'down' ? [edge.from, edge.to] : [edge.to, edge.from];
      if (reached.has(near) && !reached.has(far)) {
        reached.add(far);
        grown = true;
      }
    }
  }
  return reached;
}

const graph = fc.record({
  size: fc.integer({ min: 1, max: 12 }),
  pairs: fc.array(fc.tuple(fc.nat(11), fc.nat(11)), { maxLength: 30 }),
});

describe('a walk', () => {
  test('equals the closure in both directions', async () => {
    await fc.assert(
      fc.asyncProperty(graph, async ({ size, pairs }) => {
        graphs += 1;
        const name = (n: number): string =>
          `dataset:g${graphs.toString()}/${(n % size).toString()}@1`;
        const nodes = Array.from({ length: size }, (_, n) => node(name(n)));
        const edges = pairs.map(([a, b]) => ({ from: name(a), to: name(b), source: 'test' }));
        await stores.worker().lineage.merge(nodes, edges);
        await stores.worker().lineage.merge(nodes, edges);
        for (const way of ['down', 'up'] as const) {
          const { downstream, upstream } = stores.worker().lineage;
          const found = await (way === 'down' ? downstream : upstream)(name(0), 100);
          const reached = closure(name(0), edges, way);
          expect(new Set(found.nodes.map((one) => one.id))).toEqual(reached);
          const inside = edges.filter((edge) => reached.has(edge.from) && reached.has(edge.to));
          expect(new Set(found.edges.map((edge) => JSON.stringify(edge)))).toEqual(
            new Set(inside.map((edge) => JSON.stringify(edge))),
          );
          expect(found.edges).toHaveLength(
            new Set(inside.map((edge) => JSON.stringify(edge))).size,
          );
          expect(found.truncated).toBe(false);
        }
      }),
      { numRuns: 60 },
    );
  });

  test('is cut at its limit and says so', async () => {
    const name = (n: number): string => `dataset:long/${n.toString()}@1`;
    const nodes = Array.from({ length: 50 }, (_, n) => node(name(n)));
    const edges = nodes
      .slice(1)
      .map((_, n) => ({ from: name(n), to: name(n + 1), source: 'test' }));
    await stores.api().lineage.merge(nodes, edges);
    const cut = await stores.api().lineage.downstream(name(0), 10);
    expect(cut.truncated).toBe(true);
    expect(new Set(cut.nodes.map((one) => one.id))).toEqual(
      new Set(Array.from({ length: 10 }, (_, n) => name(n))),
    );
    expect((await stores.api().lineage.downstream(name(0), 50)).truncated).toBe(false);
  });

  test('from an unknown node reaches nothing', async () => {
    expect(await stores.api().lineage.downstream('run:nowhere', 10)).toEqual({
      nodes: [],
      edges: [],
      truncated: false,
    });
  });
});

describe('a merge', () => {
  test('adds what was missing and never replaces what was recorded', async () => {
    const id = 'model:fraud@7';
    const first = 'a'.repeat(64);
    const { merge, find } = stores.worker().lineage;
    await merge([node(id, { kind: 'model' })], []);
    await merge([node(id, { digest: first, complete: true })], []);
    await merge([node(id, { digest: 'b'.repeat(64), createdAt: '2026-11-20T00:00:00.000Z' })], []);
    expect(await find([id, 'model:unknown@1'])).toEqual([
      node(id, {
        kind: 'model',
        digest: first,
        createdAt: '2026-11-20T00:00:00.000Z',
        complete: true,
      }),
    ]);
  });

  test('of overlapping batches at once ends, with everything in it', async () => {
    const ids = Array.from({ length: 40 }, (_, n) => `run:both-${n.toString()}`);
    const batch = (order: readonly string[]): Promise<void> =>
      stores.worker().lineage.merge(
        order.map((id) => node(id, { kind: 'run', complete: true })),
        order.slice(1).map((id, n) => ({ from: order[n] ?? '', to: id, source: 'test' })),
      );
    await Promise.all([batch(ids), batch(ids.toReversed()), batch(ids), batch(ids.toReversed())]);
    expect(await stores.worker().lineage.find(ids)).toHaveLength(40);
  });
});
