import { z } from 'zod';
import { nameSchema } from './name-schema.ts';
import type { OnCallSchedule } from './on-call.ts';
import { isTimeZone } from './zoned-time.ts';

const PEOPLE_MAX = 100;
const OVERRIDES_MAX = 1_000;
const WALL = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}$/;

const rotation = z.strictObject({
  timeZone: z
    .string()
    .max(100)
    .refine(isTimeZone, 'is not a time zone such as Europe/Berlin')
    .describe('The zone on whose wall clocks people hand over.'),
  startsAt: z
    .string()
    .regex(WALL, 'is not of the form 2026-11-23T09:00')
    .refine((text) => !Number.isNaN(Date.parse(`${text}:00Z`)), 'is no time')
    .describe('When the first turn begins, on those wall clocks.'),
  everyDays: z.int().min(1).max(366).default(7).describe('Days of one turn.'),
  people: z
    .array(nameSchema)
    .min(1)
    .max(PEOPLE_MAX)
    .describe('Who takes turns, in this order: ids of `people`.'),
});

const override = z
  .strictObject({
    from: z.iso.datetime({ offset: true }).describe('From when on, RFC 3339.'),
    to: z.iso.datetime({ offset: true }).describe('Until when, RFC 3339; no longer then.'),
    person: nameSchema.describe('Who stands in.'),
  })
  .refine(({ from, to }) => Date.parse(from) < Date.parse(to), {
    message: 'ends before it begins',
    path: ['to'],
  });

/** One schedule of who is on call. */
export const onCallSchema = z.strictObject({
  name: nameSchema.describe('How rungs and people call the schedule.'),
  rotation: rotation.describe('Who takes turns.'),
  overrides: z
    .array(override)
    .max(OVERRIDES_MAX)
    .default([])
    .describe('Who stands in, and when; of several at a time the last one.'),
}) satisfies z.ZodType<OnCallSchedule>;
