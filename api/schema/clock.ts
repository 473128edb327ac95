import { z } from 'zod';
import type { RecordedWord } from '../../domain/clock-record.ts';
import type { RegimeDraft } from '../../domain/first-report.ts';
import type { ClockView, IncidentClocks, RegimeView } from '../../domain/incident-clocks.ts';
import { REGIME_STATUSES, SPAN_UNITS } from '../../domain/regime.ts';
import type { Settlement, Sighting } from '../../domain/regulatory-clock.ts';
import { decisionSchema } from './decision.ts';
import { API_PREFIX, idParams, idSchema, instantSchema, reasonSchema } from './value.ts';

/** Most words of one kind that a person says at once. */
const DECLARED_MAX = 100;

const wordSchema = z
  .string()
  .regex(/^[a-z][A-Za-z0-9]*$/)
  .max(64);
/** `<regime>/<clock>`. */
const clockNameSchema = z
  .string()
  .regex(/^[a-z0-9-]+\/[a-z0-9-]+$/)
  .max(130);

const declaredBody = z.strictObject({
  facts: z
    .array(z.strictObject({ name: wordSchema, holds: z.boolean() }))
    .max(DECLARED_MAX)
    .default([]),
  moments: z
    .array(z.strictObject({ name: wordSchema, at: instantSchema }))
    .max(DECLARED_MAX)
    .default([]),
  /** Reports that were sent, by clock. */
  met: z
    .array(z.strictObject({ clock: clockNameSchema, at: instantSchema }))
    .max(DECLARED_MAX)
    .default([]),
  /** Clocks that the caller waives, each with the reason. */
  waived: z
    .array(z.strictObject({ clock: clockNameSchema, reason: reasonSchema }))
    .max(DECLARED_MAX)
    .default([]),
  /** Clocks of which an earlier word that they are met or waived is taken back. */
  opened: z.array(clockNameSchema).max(DECLARED_MAX).default([]),
  /** True puts all of it on the incident's record, under the caller's name. */
  record: z.boolean().default(false),
  /** Makes the repetition of a record harmless. */
  decisionId: idSchema.optional(),
});

const recordedSchema = z.object({
  about: z.enum(['fact', 'moment', 'clock']),
  name: z.string(),
  says: z.string(),
  by: z.string(),
  at: z.string(),
  decisionId: z.string(),
  fact: z.number(),
  superseded: z.boolean(),
}) satisfies z.ZodType<RecordedWord>;

const answer = z.enum(['yes', 'no', 'unknown']);
const instant = z.string().nullable();
const names = z.array(z.string()).readonly();

const sightingSchema = z.object({
  at: z.string(),
  says: z.string(),
  fact: z.number().nullable(),
}) satisfies z.ZodType<Sighting>;

const readingSchema = z.object({
  reading: z.object({
    from: z.string(),
    within: z.object({ count: z.number(), unit: z.enum(SPAN_UNITS) }).nullable(),
    says: z.string(),
  }),
  start: sightingSchema.nullable(),
  dueAt: instant,
});

const settlementSchema = z.object({
  kind: z.enum(['met', 'waived']),
  at: z.string(),
  by: z.string(),
  reason: z.string().nullable(),
}) satisfies z.ZodType<Settlement>;

const clockSchema = z.object({
  name: z.string(),
  title: z.string(),
  to: z.string().nullable(),
  answer,
  missing: names,
  state: z.enum(['not started', 'running', 'due', 'overdue', 'met', 'waived']),
  late: z.boolean().nullable(),
  dueAt: instant,
  atOnceSince: instant,
  limitAt: instant,
  readings: z.array(readingSchema).readonly(),
  reminders: names,
  settlement: settlementSchema.nullable(),
}) satisfies z.ZodType<ClockView>;

const regimeSchema = z.object({
  id: z.string(),
  version: z.number(),
  title: z.string(),
  source: z.string(),
  says: z.string(),
  basis: z.string(),
  status: z.enum(REGIME_STATUSES),
  confirmed: z.object({ by: z.string(), on: z.string() }).nullable(),
  report: names,
  note: z.string().nullable(),
  answer,
  missing: names,
  inForce: z.object({ from: instant, until: instant, then: answer }),
  clocks: z.array(clockSchema).readonly(),
}) satisfies z.ZodType<RegimeView>;

const factSchema = z.object({
  name: z.string(),
  question: z.string(),
  answer: z.enum(['yes', 'no', 'not said', 'said both ways']),
});

const momentSchema = z.object({
  name: z.string(),
  question: z.string(),
  sighting: sightingSchema.nullable(),
});

const clocksSchema = z.object({
  asOf: z.string(),
  facts: z.array(factSchema).readonly(),
  moments: z.array(momentSchema).readonly(),
  regimes: z.array(regimeSchema).readonly(),
}) satisfies z.ZodType<IncidentClocks>;

const draftSchema = z.object({
  regime: z.string(),
  version: z.number(),
  markdown: z.string(),
}) satisfies z.ZodType<RegimeDraft>;

/** The clocks of regulators: read from the log and from what the caller says, which is recorded when asked for. */
export const clockEndpoints = {
  read: {
    method: 'POST',
    url: `${API_PREFIX}/incidents/:id/clocks`,
    schema: {
      summary: 'Which clocks of regulators run, their deadlines, and drafts of first reports',
      params: idParams,
      body: declaredBody,
      response: {
        200: z.object({
          clocks: clocksSchema,
          drafts: z.array(draftSchema).readonly(),
          /** Every recorded word, oldest first. */
          record: z.array(recordedSchema).readonly(),
          /** What was recorded by this call; null when nothing was. */
          decision: decisionSchema.nullable(),
        }),
      },
    },
  },
} as const;
