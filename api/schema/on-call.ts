import { z } from 'zod';
import type { OnCallView } from '../../domain/on-call.ts';
import { API_PREFIX, instantSchema } from './value.ts';

const people = z
  .array(z.object({ id: z.string(), name: z.string(), active: z.boolean() }))
  .readonly();

const onCallSchema = z.object({
  /** RFC 3339 UTC. */
  at: z.string(),
  schedules: z
    .array(
      z.object({
        schedule: z.string(),
        /** Nobody where it is empty; then `reason` says why. `active` is false for who could not be told. */
        people,
        /** The answer holds at least so long. */
        until: z.string().nullable(),
        reason: z.string().nullable(),
        /** Null when nobody else is in sight. */
        next: z.object({ people, from: z.string() }).nullable(),
        /** `readAt` and `problem` are those of a calendar outside; null for a rotation. */
        source: z.object({
          kind: z.enum(['rotation', 'ical', 'pagerduty']),
          readAt: z.string().nullable(),
          problem: z.string().nullable(),
        }),
        /** What is wrong in the calendar, in words. */
        findings: z.array(z.string()).readonly(),
      }),
    )
    .readonly(),
}) satisfies z.ZodType<OnCallView>;

/** Who is on call. */
export const onCallEndpoints = {
  show: {
    method: 'GET',
    url: `${API_PREFIX}/on-call`,
    schema: {
      summary:
        'Who is on call by each schedule, now or at another time, who is next, and how old that is',
      querystring: z.strictObject({ at: instantSchema.optional() }),
      response: { 200: onCallSchema },
    },
  },
} as const;
