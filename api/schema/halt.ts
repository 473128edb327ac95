import { z } from 'zod';
import { HALT_SCOPES, type Halt, type HaltSubject } from '../../domain/halt.ts';
import { API_PREFIX, pageOf, pageQuery, reasonSchema } from './value.ts';

const SUBJECT_CHARACTERS_MAX = 256;

const subjectShape = {
  scope: z.enum(HALT_SCOPES),
  /** Name of the playbook, model, namespace, connector or instance; left out exactly for `all`. */
  subject: z
    .string()
    .trim()
    .min(1)
    .max(SUBJECT_CHARACTERS_MAX)
    .regex(/^\P{Cc}*$/u, 'holds control characters')
    .nullable()
    .default(null),
  reason: reasonSchema,
};

const isWhole = ({ scope, subject }: HaltSubject): boolean =>
  (scope === 'all') === (subject === null);

/** What a person halts, and why. */
export const haltBody = z.strictObject(subjectShape).refine(isWhole, {
  message: 'all names no subject, every other scope names one',
  path: ['subject'],
});

/** A halt as people see it, with the exact command that lifts it. */
export const haltSchema = z.object({
  id: z.string(),
  scope: z.enum(HALT_SCOPES),
  subject: z.string().nullable(),
  reason: z.string(),
  haltedBy: z.string(),
  channel: z.string(),
  haltedAt: z.string(),
  resumedBy: z.string().nullable(),
  resumedReason: z.string().nullable(),
  resumedAt: z.string().nullable(),
}) satisfies z.ZodType<Halt>;

const heldSchema = z.object({
  id: z.string(),
  title: z.string(),
  /** What goes on with it. */
  cli: z.string(),
});

/** Stopping the engine, and letting it go on. */
export const haltEndpoints = {
  list: {
    method: 'GET',
    url: `${API_PREFIX}/halts`,
    schema: {
      summary: 'Halts in force and lifted ones, newest first; and the HALT file',
      querystring: z.strictObject(pageQuery),
      response: {
        200: pageOf(haltSchema).extend({
          /** Reason in the HALT file that this process sees; null when there is none. */
          file: z.string().nullable(),
        }),
      },
    },
  },
  begin: {
    method: 'POST',
    url: `${API_PREFIX}/halts`,
    schema: {
      summary: 'Halt: no effect that this is about happens until somebody lifts it',
      body: haltBody,
      response: {
        200: z.object({ halt: haltSchema, created: z.literal(false), known: z.boolean() }),
        201: z.object({
          halt: haltSchema,
          created: z.literal(true),
          /** False when nothing that is configured has this name: the halt stops nothing yet. */
          known: z.boolean(),
        }),
      },
    },
  },
  end: {
    method: 'POST',
    url: `${API_PREFIX}/halts/resume`,
    schema: {
      summary: 'Lift a halt; what it stopped goes on when people retry it',
      body: haltBody,
      response: {
        200: z.object({ halt: haltSchema, held: z.array(heldSchema).readonly() }),
      },
    },
  },
} as const;
