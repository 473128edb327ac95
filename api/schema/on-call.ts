import { z } from 'zod';
import type { OnCallView } from '../../domain/on-call.ts';
import { API_PREFIX, instantSchema } from './value.ts';

const onCallSchema = z.object({
  /** RFC 3339 UTC. */
  at: z.string(),
  schedules: z
    .array(
      z.object({
        schedule: z.string(),
        /** Nobody where it is empty; then `reason` says why. `active` is false for who could not be told. */
        people: z
          .array(z.object({ id: z.string(), name: z.string(), active: z.boolean() }))
          .readonly(),
        until: z.string().nullable(),
        reason: z.string().nullable(),
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
      summary: 'Who is on call by each schedule, now or at another time',
      querystring: z.strictObject({ at: instantSchema.optional() }),
      response: { 200: onCallSchema },
    },
  },
} as const;
