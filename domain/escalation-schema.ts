import { z } from 'zod';
import { ROLES } from './approval.ts';
import { DEFAULT_ESCALATION, RUNGS_MAX, type Escalation } from './escalation.ts';
import { nameSchema } from './name-schema.ts';

const CHANNELS = ['slack', 'mail', 'page'] as const;
const BY_DEFAULT = ['slack', 'mail'] as const;
const WEEK_SECONDS = 604_800;

const rung = z
  .strictObject({
    afterSeconds: z
      .int()
      .min(60)
      .max(WEEK_SECONDS)
      .describe('After so long without an answer, counted from the asking or the opening.'),
    person: nameSchema.nullable().default(null).describe('Tells this person.'),
    role: z.enum(ROLES).nullable().default(null).describe('Tells everybody active of this role.'),
    onCall: nameSchema
      .nullable()
      .default(null)
      .describe('Tells who is on call then, by this schedule of `onCall`.'),
    channels: z
      .array(z.enum(CHANNELS))
      .min(1)
      .max(CHANNELS.length)
      .default([...BY_DEFAULT])
      .describe('By which channels, of those that are configured; `page` needs `pager`.'),
  })
  .refine(
    ({ person, role, onCall }) => [person, role, onCall].filter((one) => one !== null).length <= 1,
    { message: 'names more than one of person, role and onCall', path: ['person'] },
  );

const ladder = z
  .array(rung)
  .max(RUNGS_MAX)
  .refine(
    (rungs) =>
      rungs.every(
        ({ afterSeconds }, index) => afterSeconds > (rungs[index - 1]?.afterSeconds ?? 0),
      ),
    'the rungs are not in the order of their times',
  );

/** Who is told when nobody answers; the default where nothing is said. */
export const escalationSchema = z.strictObject({
  approvals: ladder
    .default(
      [...DEFAULT_ESCALATION.approvals].map((one) => ({ ...one, channels: [...one.channels] })),
    )
    .describe(
      'When an approval is not answered. A rung that names nobody tells those whom the approval asks for.',
    ),
  incidents: ladder
    .refine(
      (rungs) => rungs.every((one) => (one.person ?? one.role ?? one.onCall) !== null),
      'a rung names nobody',
    )
    .default(
      [...DEFAULT_ESCALATION.incidents].map((one) => ({ ...one, channels: [...one.channels] })),
    )
    .describe('When an incident is not acknowledged.'),
  severities: z
    .array(z.enum(['sev1', 'sev2', 'sev3', 'sev4']))
    .max(4)
    .default([...DEFAULT_ESCALATION.severities])
    .describe('The severities of incidents that climb.'),
  pager: nameSchema
    .exactOptional()
    .describe('The instance of the connector `pagerduty` that pages, by its `routingKey`.'),
}) satisfies z.ZodType<Escalation>;
