import { z } from 'zod';
import type { BreakGlassKey, ReviewedBreak } from '../../domain/break-glass.ts';
import { roleSchema } from './approval.ts';
import {
  API_PREFIX,
  idParams,
  idSchema,
  instantSchema,
  nameSchema,
  pageOf,
  pageQuery,
  reasonSchema,
} from './value.ts';

const keySchema = z.object({
  id: z.string(),
  person: z.string(),
  askedBy: z.string(),
  askedAt: z.string(),
  expiresAt: z.string(),
  confirmedBy: z.string().nullable(),
  takenAt: z.string().nullable(),
  revokedAt: z.string().nullable(),
  usedAt: z.string().nullable(),
}) satisfies z.ZodType<BreakGlassKey>;

/** Broken glass with its review. */
const reviewedSchema = z.object({
  glassBreak: z.object({
    id: z.string(),
    incidentId: z.string(),
    person: z.string(),
    reason: z.string(),
    channel: z.string(),
    brokenAt: z.string(),
    endsAt: z.string(),
  }),
  review: z.object({
    id: z.string(),
    ownerRole: roleSchema,
    dueAt: z.string(),
    closedAt: z.string().nullable(),
    closedBy: z.string().nullable(),
    finding: z.string().nullable(),
  }),
}) satisfies z.ZodType<ReviewedBreak>;

const KEYS = `${API_PREFIX}/break-glass-keys`;
const REVIEWS = `${API_PREFIX}/break-glass-reviews`;
const keyReply = { 200: z.object({ key: keySchema }) };

/** Keys that break the glass, breaking it, and reviewing that. */
export const breakGlassEndpoints = {
  keys: {
    method: 'GET',
    url: KEYS,
    schema: {
      summary: 'Break-glass keys, newest first, without what opens anything',
      response: { 200: z.object({ items: z.array(keySchema).readonly() }) },
    },
  },
  ask: {
    method: 'POST',
    url: KEYS,
    schema: {
      summary: 'Ask for a break-glass key for somebody; another administrator confirms it',
      body: z.strictObject({ person: nameSchema, expiresAt: instantSchema }),
      response: { 201: z.object({ key: keySchema }) },
    },
  },
  confirm: {
    method: 'POST',
    url: `${KEYS}/:id/confirm`,
    schema: {
      summary: 'Confirm a break-glass key that another administrator asked for',
      params: idParams,
      body: z.strictObject({}),
      response: keyReply,
    },
  },
  take: {
    method: 'POST',
    url: `${KEYS}/:id/take`,
    schema: {
      summary: 'Take the secret of your own break-glass key; it is shown once',
      params: idParams,
      body: z.strictObject({}),
      response: { 201: z.object({ key: keySchema, secret: z.string() }) },
    },
  },
  revoke: {
    method: 'POST',
    url: `${KEYS}/:id/revoke`,
    schema: {
      summary: 'End a break-glass key at once',
      params: idParams,
      body: z.strictObject({}),
      response: keyReply,
    },
  },
  break: {
    method: 'POST',
    url: `${API_PREFIX}/incidents/:id/break-glass`,
    schema: {
      summary:
        'Break the glass for an incident with your own key: for a while your yes is enough alone',
      params: idParams,
      body: z.strictObject({
        key: z.string().regex(/^fbg_[A-Za-z0-9_-]{43}$/u, 'is not a break-glass key'),
        reason: reasonSchema,
      }),
      response: { 201: reviewedSchema },
    },
  },
  reviews: {
    method: 'GET',
    url: REVIEWS,
    schema: {
      summary: 'Broken glass and its reviews, newest first; open ones unless `state` is `all`',
      querystring: z.strictObject({
        ...pageQuery,
        state: z.enum(['open', 'all']).default('open'),
        incident: idSchema.optional(),
      }),
      response: { 200: pageOf(reviewedSchema) },
    },
  },
  close: {
    method: 'POST',
    url: `${REVIEWS}/:id/close`,
    schema: {
      summary: 'Close the review of broken glass with what you found',
      params: idParams,
      body: z.strictObject({ finding: reasonSchema }),
      response: { 200: reviewedSchema },
    },
  },
} as const;
