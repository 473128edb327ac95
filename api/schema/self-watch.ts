import { z } from 'zod';
import type { SelfWatchState } from '../../domain/self-watch.ts';
import { API_PREFIX } from './value.ts';

const stateSchema = z.object({
  selfCheck: z
    .object({
      wholeAt: z.string().nullable(),
      beatAt: z.string().nullable(),
      problem: z.string().nullable(),
    })
    .nullable(),
  watchdogs: z
    .array(
      z.object({
        source: z.string(),
        alertname: z.string(),
        lastSeenAt: z.string().nullable(),
        missing: z.boolean(),
      }),
    )
    .readonly(),
  alertmanagers: z
    .array(
      z.object({
        source: z.string(),
        readAt: z.string().nullable(),
        problem: z.string().nullable(),
        missed: z.int(),
      }),
    )
    .readonly(),
  overdueReviews: z
    .array(z.object({ id: z.string(), incidentId: z.string(), dueAt: z.string() }))
    .readonly(),
  calendars: z
    .array(
      z.object({
        schedule: z.string(),
        readAt: z.string().nullable(),
        problem: z.string().nullable(),
      }),
    )
    .readonly(),
}) satisfies z.ZodType<SelfWatchState>;

/** What the engine sees when it watches itself. */
export const selfWatchEndpoints = {
  show: {
    method: 'GET',
    url: `${API_PREFIX}/self-watch`,
    schema: {
      summary:
        'The latest self-check, watchdogs, what webhooks missed, overdue reviews, calendars of who is on call',
      response: { 200: stateSchema },
    },
  },
} as const;
