import { z } from 'zod';
import { MATCHERS_MAX, readMatcher, SILENCE_STATES, type Silence } from '../../domain/silence.ts';
import {
  API_PREFIX,
  idParams,
  idSchema,
  instantSchema,
  nameSchema,
  pageOf,
  pageQuery,
  reasonSchema,
  stringMapSchema,
} from './value.ts';

const matcherSchema = z.object({
  name: z.string(),
  operator: z.enum(['=', '!=']),
  value: z.string(),
});

/** A silence as everyone sees it. */
export const silenceSchema = z.object({
  id: z.string(),
  matchers: z.array(matcherSchema).readonly(),
  startsAt: z.string(),
  endsAt: z.string(),
  owner: z.string(),
  reason: z.string(),
  createdBy: z.string(),
  createdAt: z.string(),
  endedAt: z.string().nullable(),
  endedBy: z.string().nullable(),
  endedReason: z.string().nullable(),
  suppressedCount: z.int(),
  lastSuppressedAt: z.string().nullable(),
}) satisfies z.ZodType<Silence>;

/** `name=value` or `name!=value`; in the value `*` stands for any text. */
const matcherTextSchema = z
  .string()
  .max(1_200)
  .transform((text, context) => {
    const matcher = readMatcher(text);
    if (matcher !== null) return matcher;
    context.addIssue({ code: 'custom', message: 'is neither name=value nor name!=value' });
    return z.NEVER;
  });

const shownSchema = silenceSchema.extend({ state: z.enum(SILENCE_STATES) });
const oneSilence = z.object({ silence: shownSchema });

const suppressedSchema = z.object({
  id: z.string(),
  title: z.string(),
  source: z.string(),
  status: z.enum(['firing', 'resolved']),
  labels: stringMapSchema,
  startsAt: z.string(),
  receivedAt: z.string(),
  /** The incident that it joined after the silence was over; null while it is only kept. */
  incidentId: z.string().nullable(),
});

/** Silences, which keep alerts from opening incidents, and snoozes, which hold messages about one incident back. */
export const silenceEndpoints = {
  list: {
    method: 'GET',
    url: `${API_PREFIX}/silences`,
    schema: {
      summary: 'List silences, newest first',
      querystring: z.strictObject({ ...pageQuery, state: z.enum(SILENCE_STATES).optional() }),
      response: { 200: pageOf(shownSchema) },
    },
  },
  add: {
    method: 'POST',
    url: `${API_PREFIX}/silences`,
    schema: {
      summary:
        'Keep matching alerts from opening incidents for a while; a start in the future makes a maintenance window',
      body: z.strictObject({
        id: idSchema.optional(),
        matchers: z.array(matcherTextSchema).min(1).max(MATCHERS_MAX).readonly(),
        /** Now when left out. */
        startsAt: instantSchema.optional(),
        endsAt: instantSchema,
        owner: nameSchema,
        reason: reasonSchema,
      }),
      response: { 201: oneSilence },
    },
  },
  show: {
    method: 'GET',
    url: `${API_PREFIX}/silences/:id`,
    schema: { summary: 'One silence', params: idParams, response: { 200: oneSilence } },
  },
  alerts: {
    method: 'GET',
    url: `${API_PREFIX}/silences/:id/alerts`,
    schema: {
      summary: 'What a silence suppressed, oldest first',
      params: idParams,
      querystring: z.strictObject(pageQuery),
      response: { 200: pageOf(suppressedSchema) },
    },
  },
  expire: {
    method: 'POST',
    url: `${API_PREFIX}/silences/:id/expire`,
    schema: {
      summary: 'End a silence before its time; what still fires is taken in within a minute',
      params: idParams,
      body: z.strictObject({ reason: reasonSchema }),
      response: { 200: oneSilence },
    },
  },
  snooze: {
    method: 'POST',
    url: `${API_PREFIX}/incidents/:id/snooze`,
    schema: {
      summary: 'Hold reminders about an incident back until a time; null ends the quiet',
      params: idParams,
      body: z.strictObject({
        id: idSchema.optional(),
        until: instantSchema.nullable(),
        reason: reasonSchema,
      }),
      response: { 200: z.object({ incidentId: z.string(), snoozedUntil: z.string().nullable() }) },
    },
  },
} as const;
