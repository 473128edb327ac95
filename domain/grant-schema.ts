import { z } from 'zod';
import { ROLES } from './approval.ts';
import { GRANT_KINDS, type Grant } from './grant.ts';
import { nameSchema } from './name-schema.ts';

/** So many grants may one person have. */
export const GRANTS_MAX = 200;

/** One role on one object. */
export const grantSchema = z.strictObject({
  role: z.enum(ROLES).describe('Which role.'),
  on: z.enum(GRANT_KINDS).describe('What it is limited to.'),
  name: nameSchema.describe('Name of the model, the namespace or the team.'),
}) satisfies z.ZodType<Grant>;

/** The grants of one person. */
export const grantsSchema = z.array(grantSchema).min(1).max(GRANTS_MAX).readonly();
