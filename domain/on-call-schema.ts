import { z } from 'zod';
import { nameSchema } from './name-schema.ts';
import type { OnCallSchedule } from './on-call.ts';
import { isTimeZone } from './zoned-time.ts';

const PEOPLE_MAX = 100;
const NAMES_MAX = 20;
const OVERRIDES_MAX = 1_000;
const REFRESH_MINUTES = 15;
const REFRESH_MINUTES_MAX = 1_440;
const WALL = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}$/;

const timeZone = z.string().max(100).refine(isTimeZone, 'is not a time zone such as Europe/Berlin');

const rotationSchema = z.strictObject({
  timeZone: timeZone.describe('The zone on whose wall clocks people hand over.'),
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

/** How a calendar outside is read, and whom its names mean. */
const calendarFields = {
  refreshMinutes: z
    .int()
    .min(1)
    .max(REFRESH_MINUTES_MAX)
    .default(REFRESH_MINUTES)
    .describe('It is read so often; what was read last counts when it cannot be read.'),
  people: z
    .record(nameSchema, z.array(z.string().min(1).max(320)).min(1).max(NAMES_MAX))
    .refine((names) => Object.keys(names).length <= PEOPLE_MAX, 'names too many people')
    .refine((names) => Object.keys(names).length > 0, 'names nobody')
    .refine((names) => {
      const all = Object.values(names).flat();
      return new Set(all).size === all.length;
    }, 'gives one name to two people'),
} as const;

/** An address without user, which would stand where it ends up in messages. */
const calendarUrl = z
  .url({ protocol: /^https?$/ })
  .max(2000)
  .refine((text) => !URL.canParse(text) || new URL(text).username === '', 'holds a user');

const icalSchema = z
  .strictObject({
    url: calendarUrl
      .meta({ secret: true })
      .exactOptional()
      .describe('Where the calendar is; redirects are not followed.'),
    file: z
      .string()
      .max(4_096)
      .regex(/^\//, 'is not a whole path')
      .exactOptional()
      .describe('Or the whole path of its file, where the worker reads it.'),
    timeZone: timeZone
      .default('UTC')
      .describe('The zone of times and whole days that name none themselves.'),
    ...calendarFields,
    people: calendarFields.people.describe(
      'For each id of `people` the exact texts that mean them: an attendee’s address, or the summary of an event.',
    ),
  })
  .refine(({ url, file }) => (url === undefined) !== (file === undefined), {
    message: 'needs one of url and file',
    path: ['url'],
  });

const pagerdutySchema = z.strictObject({
  instance: nameSchema.describe('The instance of the connector `pagerduty` that reads it.'),
  schedule: z
    .string()
    .regex(/^[A-Z0-9]{1,32}$/, 'is not the id of a schedule, such as PI7DH85')
    .describe('The id of the schedule: the last part of its address.'),
  ...calendarFields,
  people: calendarFields.people.describe(
    'For each id of `people` the exact texts that mean them: a user’s id there, or their login mail.',
  ),
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
export const onCallSchema = z
  .strictObject({
    name: nameSchema.describe('How rungs and people call the schedule.'),
    rotation: rotationSchema.exactOptional().describe('Who takes turns, written here.'),
    ical: icalSchema.exactOptional().describe('Or a calendar in the iCalendar format.'),
    pagerduty: pagerdutySchema.exactOptional().describe('Or a schedule of PagerDuty.'),
    overrides: z
      .array(override)
      .max(OVERRIDES_MAX)
      .default([])
      .describe('Who stands in, and when; of several at a time the last one.'),
  })
  .refine(
    ({ rotation, ical, pagerduty }) =>
      [rotation, ical, pagerduty].filter((way) => way !== undefined).length === 1,
    { message: 'needs exactly one of rotation, ical and pagerduty', path: ['rotation'] },
  ) satisfies z.ZodType<OnCallSchedule>;
