import { z } from 'zod';
import { APPROVAL_CLASSES } from '../domain/approval.ts';
import type { OperationRow } from '../domain/operation.ts';
import { STEP_NAMES } from '../domain/playbook.ts';
import { document, timestamp } from './column.ts';

/** The columns of an operation under the names of the domain. */
export const OPERATION_COLUMNS = `incident_id as "incidentId", operation, target, round, step, use, instance,
  input, approval_class as "approvalClass", approval_id as "approvalId", containment, state, fence,
  generation, plan, plan_digest as "planDigest", receipt, verdict, reason,
  apply_sequence as "applySequence", superseded, lease_until as "leaseUntil",
  restores, moved_by as "movedBy", left_owner as "leftOwner",
  left_until as "leftUntil", drill`;

/** An operation as stored. */
export const operationRow: z.ZodType<OperationRow> = z.object({
  incidentId: z.string(),
  operation: z.string(),
  target: z.string(),
  round: z.number(),
  step: z.enum(STEP_NAMES),
  use: z.string(),
  instance: z.string(),
  input: document<OperationRow['input']>(),
  approvalClass: z.enum(APPROVAL_CLASSES),
  approvalId: z.string().nullable(),
  containment: z.boolean(),
  state: z.enum([
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
  ]),
  fence: z.number(),
  generation: z.number(),
  plan: document<OperationRow['plan']>(),
  planDigest: z.string(),
  receipt: document<OperationRow['receipt']>(),
  verdict: document<OperationRow['verdict']>(),
  reason: z.string().nullable(),
  applySequence: z.number().nullable(),
  superseded: z.boolean(),
  leaseUntil: timestamp.nullable(),
  restores: z.number(),
  movedBy: z.string().nullable(),
  leftOwner: z.string().nullable(),
  leftUntil: timestamp.nullable(),
  drill: z.boolean(),
});
