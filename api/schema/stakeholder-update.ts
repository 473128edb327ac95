import { z } from 'zod';
import { NOTICES, REACHES, type StakeholderUpdate } from '../../domain/stakeholder-update.ts';
import {
  API_PREFIX,
  idParams,
  idSchema,
  pageOf,
  pageQuery,
  reasonSchema,
  sha256Schema,
} from './value.ts';

const UPDATE_STATES = ['drafted', 'released', 'skipped'] as const;

/** An update for stakeholders as people see it. */
export const stakeholderUpdateSchema = z.object({
  id: z.string(),
  incidentId: z.string(),
  audience: z.string(),
  reach: z.enum(REACHES),
  ordinal: z.int(),
  notice: z.enum(NOTICES),
  verified: z.boolean(),
  to: z.array(z.string()).readonly(),
  slackChannel: z.string().nullable(),
  subject: z.string(),
  text: z.string(),
  templateSha256: z.string(),
  textSha256: z.string(),
  draftedAt: z.string(),
  state: z.enum(UPDATE_STATES),
  settledAt: z.string().nullable(),
  settledBy: z.string().nullable(),
  settledThrough: z.string().nullable(),
  reason: z.string().nullable(),
}) satisfies z.ZodType<StakeholderUpdate>;

const updateReply = { 200: z.object({ update: stakeholderUpdateSchema }) };

/** Updates for stakeholders: reading them as they will look, sending them, leaving them out. */
export const stakeholderUpdateEndpoints = {
  list: {
    method: 'GET',
    url: `${API_PREFIX}/updates`,
    schema: {
      summary: 'Updates for stakeholders, newest first',
      querystring: z.strictObject({
        ...pageQuery,
        incident: idSchema.optional(),
        state: z.enum(UPDATE_STATES).optional(),
      }),
      response: { 200: pageOf(stakeholderUpdateSchema) },
    },
  },
  show: {
    method: 'GET',
    url: `${API_PREFIX}/updates/:id`,
    schema: {
      summary: 'One update, with the text exactly as its audience will read it',
      params: idParams,
      response: { 200: z.object({ update: stakeholderUpdateSchema, preview: z.string() }) },
    },
  },
  send: {
    method: 'POST',
    url: `${API_PREFIX}/updates/:id/send`,
    schema: {
      summary: 'Send exactly the text that you read',
      params: idParams,
      body: z.strictObject({ textSha256: sha256Schema }),
      response: updateReply,
    },
  },
  skip: {
    method: 'POST',
    url: `${API_PREFIX}/updates/:id/skip`,
    schema: {
      summary: 'Leave an update out, and say why',
      params: idParams,
      body: z.strictObject({ reason: reasonSchema }),
      response: updateReply,
    },
  },
} as const;
