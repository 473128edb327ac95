import type { Probe, ProbeReply } from '../connector.ts';
import type { MarquezClient } from './client.ts';
import { lineageManifest, type LineageInput } from './manifest.ts';

/** Marquez's own default of 20 answers with half the world for a hub. */
const DEPTH_DEFAULT = 2;
/** Nodes that the value names; the evidence holds them all. */
const NODES_MAX = 1_000;

/** Probe `lineage`: the graph around a node; the value names nodes and edges, the evidence is the whole answer. */
export function lineage(client: MarquezClient): Probe<LineageInput> {
  return {
    manifest: lineageManifest,
    read: async (input, context): Promise<ProbeReply> => {
      const { nodeId } = input;
      const reply = await client.lineage({ nodeId, depth: input.depth ?? DEPTH_DEFAULT }, context);
      const sorted = [...reply.graph].sort((a, b) => (a.id < b.id ? -1 : 1));
      const graph = sorted.slice(0, NODES_MAX).map(({ id, type, inEdges, outEdges }) => ({
        id,
        type,
        from: inEdges.map((edge) => edge.origin),
        to: outEdges.map((edge) => edge.destination),
      }));
      const truncated = graph.length < sorted.length;
      return {
        value: { graph, truncated },
        evidence: {
          bytes: Buffer.from(JSON.stringify({ graph: sorted }), 'utf8'),
          mediaType: 'application/json',
        },
        truncated,
      };
    },
  };
}
