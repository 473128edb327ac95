import { z } from 'zod';

/** Answer of `events/lineage`: events as their producers sent them. */
export const eventsReply = z.object({
  events: z.array(
    z
      .record(z.string(), z.json())
      .refine((event) => typeof event['eventTime'] === 'string', 'is no OpenLineage event'),
  ),
  totalCount: z.int().nonnegative().optional(),
});

const edge = z.object({ origin: z.string(), destination: z.string() });

/** Answer of `lineage`: nodes with their edges. */
export const lineageReply = z.object({
  graph: z.array(
    z.object({
      id: z.string(),
      type: z.string(),
      data: z.json().optional(),
      inEdges: z.array(edge).default([]),
      outEdges: z.array(edge).default([]),
    }),
  ),
});
/** A graph as Marquez sees it. */
export type LineageReply = z.infer<typeof lineageReply>;

/** Answer of `namespaces`. */
export const namespacesReply = z.object({ namespaces: z.array(z.object({ name: z.string() })) });
