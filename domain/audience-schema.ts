import { z } from 'zod';
import { nameSchema } from './name-schema.ts';
import { REACHES, type Audience } from './stakeholder-update.ts';

const SUBJECT_CHARACTERS_MAX = 500;
const TEXT_CHARACTERS_MAX = 10_000;
const ADDRESSES_MAX = 100;

const every = z.int().min(5).max(10_080).exactOptional().describe('Minutes.');

const template = z.strictObject({
  subject: z.string().min(1).max(SUBJECT_CHARACTERS_MAX).describe('Liquid for the one line.'),
  text: z.string().min(1).max(TEXT_CHARACTERS_MAX).describe('Liquid for the text.'),
});

const audienceSchema = z
  .strictObject({
    name: nameSchema.describe('Names the audience on timelines and in commands.'),
    reach: z
      .enum(REACHES)
      .describe(
        'Who sends: `internal` goes out on the cadence, `external` when a person has seen the text.',
      ),
    to: z
      .array(z.email())
      .max(ADDRESSES_MAX)
      .default([])
      .describe('Addresses; each gets a mail of its own and sees no other.'),
    slackChannel: z
      .string()
      .regex(/^[CG][A-Z0-9]{2,20}$/, 'is not the id of a Slack channel')
      .nullable()
      .default(null)
      .describe('A Slack channel by its id, in place of addresses.'),
    everyMinutes: z
      .strictObject({ sev1: every, sev2: every, sev3: every, sev4: every })
      .describe('Minutes between two updates, by severity; one that is left out is told nothing.'),
    templates: z
      .strictObject({
        first: template.exactOptional().describe('The first that they hear.'),
        update: template.exactOptional().describe('How it stands.'),
        'all-clear': template.exactOptional().describe('Everything was verified.'),
        resolved: template.exactOptional().describe('It is closed.'),
      })
      .default({})
      .describe('Words of your own; what is left out says what ships.'),
  })
  .refine(({ to, slackChannel }) => to.length > 0 !== (slackChannel !== null), {
    message: 'give either addresses or a slackChannel',
    path: ['to'],
  })
  .refine(({ everyMinutes }) => Object.keys(everyMinutes).length > 0, {
    message: 'give at least one severity',
    path: ['everyMinutes'],
  }) satisfies z.ZodType<Audience>;

/** Who is told how incidents stand; templates are checked where the file is read. */
export const audiencesSchema = z
  .array(audienceSchema)
  .max(50)
  .default([])
  .describe('Who beside the people who respond is told how incidents stand.');

/** One mail about every open incident. */
export const digestSchema = z
  .strictObject({
    to: z
      .array(z.email())
      .min(1)
      .max(ADDRESSES_MAX)
      .describe('Addresses; one mail to all of them.'),
    everyHours: z
      .int()
      .min(1)
      .max(168)
      .default(24)
      .describe('Hours between two, from midnight UTC.'),
  })
  .nullable()
  .default(null)
  .describe('One mail about every open incident, again and again; null sends none.');
