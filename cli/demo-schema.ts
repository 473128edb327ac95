import { z } from 'zod';
import { FACT_KINDS } from '../domain/fact.ts';
import { STEP_NAMES } from '../domain/playbook.ts';

/** One fact as the API answers it. */
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
  data: z.json(),
  causes: z.array(z.string()),
  previousHash: z.string(),
  hash: z.string(),
});

/** One fact as the demo reads it. */
export type DemoFact = z.output<typeof factSchema>;
