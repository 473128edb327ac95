import { z } from 'zod';
import type { LineageGraph } from '../../domain/lineage.ts';

/** A part of the lineage graph. */
export const lineageGraphSchema = z.object({
  nodes: z
    .array(
      z.object({
        id: z.string(),
        kind: z.enum(['dataset', 'run', 'model', 'deployment']),
        name: z.string(),
        version: z.string().nullable(),
        digest: z.string().nullable(),
        createdAt: z.string().nullable(),
        complete: z.boolean(),
      }),
    )
    .readonly(),
  edges: z.array(z.object({ from: z.string(), to: z.string(), source: z.string() })).readonly(),
  truncated: z.boolean(),
}) satisfies z.ZodType<LineageGraph>;
