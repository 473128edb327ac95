import { z } from 'zod';
import type { CustodyEntry, Evidence } from '../../domain/evidence.ts';

/** One piece of evidence: where it came from, never its bytes. */
export const evidenceSchema = z.object({
  id: z.string(),
  incidentId: z.string(),
  title: z.string(),
  operation: z.string(),
  sha256: z.string(),
  bytes: z.int(),
  mediaType: z.string(),
  source: z.string(),
  collectedAt: z.string(),
  truncated: z.boolean(),
  moment: z.enum(['before-containment', 'after-containment']),
}) satisfies z.ZodType<Evidence>;

/** One entry of a chain of custody. */
export const custodySchema = z.object({
  evidenceId: z.string(),
  sequence: z.int(),
  action: z.enum(['collected', 'verified', 'read', 'exported']),
  by: z.string(),
  at: z.string(),
  sha256: z.string(),
  previousHash: z.string(),
  hash: z.string(),
}) satisfies z.ZodType<CustodyEntry>;

/** One piece of evidence with who held it when. */
export const evidenceDetailSchema = z.object({
  evidence: evidenceSchema,
  custody: z.array(custodySchema).readonly(),
});
