import { z } from 'zod';
import { ROLES } from './approval.ts';
import { configurationSchema } from './configuration-schema.ts';
import { AppError } from './error.ts';
import { grantsSchema } from './grant-schema.ts';
import { identitySchema } from './identity-schema.ts';
import { nameSchema } from './name-schema.ts';
import type { Rules } from './rules.ts';

const person = z.strictObject({
  id: nameSchema,
  name: z.string().min(1).max(1000),
  roles: z.array(z.enum(ROLES)),
  grants: grantsSchema.exactOptional(),
  slackUser: z.string().nullable(),
  identity: identitySchema.exactOptional(),
  mail: z.string().nullable(),
  active: z.boolean(),
  origin: z.enum(['file', 'hand']),
});

const rulesSchema = configurationSchema
  .pick({
    inventory: true,
    selectionRules: true,
    routes: true,
    storm: true,
    caps: true,
    changeDelaySeconds: true,
  })
  .extend({
    people: z.array(person),
    playbooks: z.array(
      z.strictObject({ name: nameSchema, digest: z.string().regex(/^[0-9a-f]{64}$/) }),
    ),
  }) satisfies z.ZodType<Rules>;

/**
 * Rules as this version understands them: what they do not say has its default. Raises `invalid`, naming the place, for
 * what it does not understand.
 */
export function readRules(rules: unknown): Rules {
  const parsed = rulesSchema.safeParse(rules);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  const field = issue?.path.join('.') ?? 'rules';
  throw new AppError(
    'invalid',
    `The rules cannot be understood: ${field} ${issue?.message ?? ''}`,
    {
      field,
      cause: parsed.error,
    },
  );
}
