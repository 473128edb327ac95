import { z } from 'zod';

/** What the probe `schedule` answers; times are RFC 3339 UTC. */
export const scheduleValue = z.object({
  entries: z
    .array(
      z.object({
        from: z.string(),
        to: z.string(),
        /** The user's id. */
        user: z.string(),
        /** Null where PagerDuty tells none. */
        mail: z.string().nullable(),
        name: z.string(),
      }),
    )
    .readonly(),
  truncated: z.boolean(),
});
/** A parsed answer of the probe `schedule`. */
export type ScheduleValue = z.infer<typeof scheduleValue>;
