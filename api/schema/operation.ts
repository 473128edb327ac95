import { z } from 'zod';
import type { OperationResult, OperationRow } from '../../domain/operation.ts';
import { STEP_NAMES } from '../../domain/playbook.ts';
import { approvalClassSchema, differenceSchema, planSchema } from './approval.ts';
import { jsonSchema } from './value.ts';

const OPERATION_STATES = [
  'planned',
  'approved',
  'applying',
  'applied',
  'verified',
  'unverified',
  'unknown',
  'reverting',
  'reverted',
  'refused',
  'void',
] as const;

const verdictSchema = z.union([
  z.object({ holds: z.literal('yes') }),
  z.object({ holds: z.enum(['no', 'unknown']), reason: z.string() }),
]);

const operationRowSchema = z.object({
  incidentId: z.string(),
  operation: z.string(),
  target: z.string(),
  round: z.int(),
  step: z.enum(STEP_NAMES),
  use: z.string(),
  instance: z.string(),
  input: jsonSchema,
  approvalClass: approvalClassSchema,
  approvalId: z.string().nullable(),
  containment: z.boolean(),
  state: z.enum(OPERATION_STATES),
  fence: z.int(),
  generation: z.int(),
  plan: planSchema,
  planDigest: z.string(),
  receipt: z.object({ externalId: z.string(), origin: z.enum(['ours', 'foreign']) }).nullable(),
  verdict: verdictSchema.nullable(),
  reason: z.string().nullable(),
  applySequence: z.int().nullable(),
  superseded: z.boolean(),
  leaseUntil: z.string().nullable(),
  restores: z.int(),
  movedBy: z.string().nullable(),
  leftOwner: z.string().nullable(),
  leftUntil: z.string().nullable(),
  drill: z.boolean(),
}) satisfies z.ZodType<OperationRow>;

/** One effect on one target with its plan and what that plan changes. */
export const plannedOperationSchema = operationRowSchema.extend({
  changes: z.array(differenceSchema).readonly(),
});

/** How an operation of the playbook ended. */
export const resultSchema = z.object({
  incidentId: z.string(),
  step: z.enum(STEP_NAMES),
  operation: z.string(),
  round: z.int(),
  outcome: z.enum(['succeeded', 'failed', 'inconclusive', 'skipped', 'not_run']),
  reason: z.string().nullable(),
  value: jsonSchema,
  startedAt: z.string(),
  settledAt: z.string(),
}) satisfies z.ZodType<OperationResult>;
