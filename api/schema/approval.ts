import { z } from 'zod';
import { APPROVAL_CLASSES, ROLES, type Approval } from '../../domain/approval.ts';
import { ERROR_CODES } from '../../domain/error.ts';
import type { Difference, StoredPlan } from '../../domain/plan.ts';
import { jsonSchema } from './value.ts';

/** Where an approval stands. */
export const APPROVAL_STATES = ['open', 'approved', 'rejected', 'void', 'expired'] as const;

/** One of R0 to R4. */
export const approvalClassSchema = z.enum(APPROVAL_CLASSES);
/** One role of a person. */
export const roleSchema = z.enum(ROLES);

const approvedPlanSchema = z.object({
  operation: z.string(),
  target: z.string(),
  round: z.int(),
  digest: z.string(),
  summary: z.string(),
  action: z.string(),
  approvalClass: approvalClassSchema,
  undo: z.string(),
});

/** What is asked about a list of exact plans. */
export const approvalSchema = z.object({
  id: z.string(),
  incidentId: z.string(),
  operation: z.string(),
  round: z.int(),
  title: z.string(),
  approvalClass: approvalClassSchema,
  quorum: z.object({ people: z.int(), roles: z.array(roleSchema).readonly() }),
  plans: z.array(approvedPlanSchema).readonly(),
  planDigest: z.string(),
  status: z.enum(APPROVAL_STATES),
  statusReason: z.string().nullable(),
  requestedBy: z.string().nullable(),
  createdAt: z.string(),
  expiresAt: z.string(),
  settledAt: z.string().nullable(),
}) satisfies z.ZodType<Approval>;

/** What an action would change. */
export const planSchema = z.object({
  summary: z.string(),
  targets: z.array(z.string()).readonly(),
  before: jsonSchema,
  after: jsonSchema,
  token: z.string().nullable(),
  undo: z.string(),
}) satisfies z.ZodType<StoredPlan>;

/** One path that a plan changes; absent values are left out. */
export const differenceSchema = z.object({
  path: z.string(),
  before: jsonSchema.optional(),
  after: jsonSchema.optional(),
  observed: jsonSchema.optional(),
}) satisfies z.ZodType<Partial<Difference>>;

const signatorySchema = z.object({
  person: z.string(),
  name: z.string(),
  roles: z.array(roleSchema).readonly(),
  decidedAt: z.string(),
  decisionId: z.string(),
  /** Only of a yes that counts alone because its person broke the glass. */
  breakGlass: z
    .object({ id: z.string(), reason: z.string(), brokenAt: z.string(), endsAt: z.string() })
    .exactOptional(),
});

const refusedAnswerSchema = z.object({
  id: z.string(),
  /** Null where only the door says who it was, in `claimed`. */
  person: z.string().nullable(),
  claimed: z.string().nullable(),
  name: z.string(),
  roles: z.array(roleSchema).readonly(),
  channel: z.string(),
  verdict: z.enum(['approve', 'reject']).nullable(),
  planDigest: z.string().nullable(),
  requestId: z.string(),
  code: z.enum(ERROR_CODES),
  reason: z.string(),
  refusedAt: z.string(),
  /** So many more refusals have no line of their own. */
  further: z.int(),
});

/** One approval with everything that an approver judges: each plan, what it changes, who has approved, and who was refused. */
export const approvalDetailSchema = z.object({
  approval: approvalSchema,
  plans: z
    .array(
      z.object({
        operation: z.string(),
        target: z.string(),
        round: z.int(),
        digest: z.string(),
        /** An undo is shown the way it would go; null when the row is gone. */
        plan: planSchema.nullable(),
        changes: z.array(differenceSchema).readonly(),
      }),
    )
    .readonly(),
  approvedBy: z.array(signatorySchema).readonly(),
  refused: z.array(refusedAnswerSchema).readonly(),
});

/** One approval with its plans. */
export type ApprovalDetail = z.output<typeof approvalDetailSchema>;
