import { z } from 'zod';
import { FACT_KINDS, type Fact } from '../../domain/fact.ts';
import { STEP_NAMES } from '../../domain/playbook.ts';
import { jsonSchema } from './value.ts';

/** One immutable entry of the log, as the timeline shows it. */
export const factSchema = z.object({
  incidentId: z.string(),
  sequence: z.int(),
  key: z.string(),
  kind: z.enum(FACT_KINDS),
  occurredAt: z.string().nullable(),
  recordedAt: z.string(),
  actor: z.string(),
  step: z.enum(STEP_NAMES).nullable(),
  operation: z.string().nullable(),
  target: z.string().nullable(),
  summary: z.string(),
  data: jsonSchema,
  causes: z.array(z.string()).readonly(),
  previousHash: z.string(),
  hash: z.string(),
}) satisfies z.ZodType<Fact>;

/** A page of facts and the head of the chain, so that a reader knows how far there is to go. */
export const factPageSchema = z.object({
  items: z.array(factSchema).readonly(),
  next: z.string().nullable(),
  head: z.object({ sequence: z.int(), hash: z.string() }),
});
