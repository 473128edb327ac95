import { z } from 'zod';

/** Answer of `query_range` to a log query: streams of `[nanoseconds as text, line, …]`. */
export const queryRangeReply = z.object({
  status: z.literal('success'),
  data: z.object({
    resultType: z.literal('streams'),
    result: z.array(
      z.object({
        stream: z.record(z.string(), z.string()),
        values: z.array(z.tuple([z.string().regex(/^\d{1,20}$/), z.string()]).rest(z.unknown())),
      }),
    ),
  }),
});

/** Answer of `status/buildinfo`. */
export const buildInfoReply = z.object({ version: z.string() });

/** Answer of `labels`; no `data` when there is none. */
export const labelsReply = z.object({
  status: z.literal('success'),
  data: z.array(z.string()).optional(),
});
