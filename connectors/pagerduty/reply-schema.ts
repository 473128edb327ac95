import { z } from 'zod';

/** On-calls of one page; PagerDuty's own limit. */
export const PAGE_ENTRIES = 100;

const instant = z.iso.datetime({ offset: true });

const user = z.looseObject({
  id: z.string().min(1).max(64),
  /** The name that people see. */
  summary: z.string().max(1_000).nullish(),
  /** Only with `include[]=users`. */
  email: z.string().max(320).nullish(),
});

/** A page of `GET /oncalls`. */
export const oncallsReply = z.looseObject({
  oncalls: z
    .array(
      z.looseObject({
        user,
        schedule: z.looseObject({ id: z.string() }).nullish(),
        /** Null: since ever, and for ever. */
        start: instant.nullish(),
        end: instant.nullish(),
      }),
    )
    .max(PAGE_ENTRIES),
  more: z.boolean(),
});
/** A parsed page of on-calls. */
export type OncallsReply = z.infer<typeof oncallsReply>;

/** What the Events API says when it took an event. */
export const eventReply = z.looseObject({
  status: z.literal('success'),
  dedup_key: z.string(),
});

/** What the REST API says of an error. */
export const restError = z.looseObject({ error: z.looseObject({ message: z.string() }) });

/** What the Events API says of an error. */
export const eventError = z.looseObject({
  status: z.string(),
  errors: z.array(z.string()).optional(),
});
