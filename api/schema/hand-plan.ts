import { z } from 'zod';
import type { HandOperation } from '../../domain/hand-plan.ts';
import { STEP_NAMES } from '../../domain/playbook.ts';
import { jsonObjectSchema } from './value.ts';

const requestSchema = z.object({
  method: z.enum(['POST', 'PATCH', 'DELETE']),
  path: z.string(),
  type: z.string().nullable(),
  body: jsonObjectSchema.nullable(),
});

const effectSchema = z.object({
  instance: z.string(),
  target: z.string(),
  summary: z.string(),
  undo: z.string(),
  requests: z.array(requestSchema).readonly().nullable(),
});

/** One operation that is left to do, for people's own hands. */
export const handOperationSchema = z.object({
  step: z.enum(STEP_NAMES),
  operation: z.string(),
  title: z.string(),
  kind: z.string(),
  note: z.string().nullable(),
  effects: z.array(effectSchema).readonly(),
}) satisfies z.ZodType<HandOperation>;
