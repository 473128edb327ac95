import { z } from 'zod';
import { API_PREFIX, idSchema, jsonObjectSchema, nameSchema, wordsSchema } from './value.ts';

const playbookLineSchema = z.object({
  name: z.string(),
  class: z.string(),
  title: z.string(),
  digest: z.string(),
});
const nameParams = z.strictObject({ name: nameSchema });

/** Playbooks and what they would do. */
export const playbookEndpoints = {
  list: {
    method: 'GET',
    url: `${API_PREFIX}/playbooks`,
    schema: {
      summary: 'List the loaded playbooks',
      response: { 200: z.object({ items: z.array(playbookLineSchema).readonly() }) },
    },
  },
  show: {
    method: 'GET',
    url: `${API_PREFIX}/playbooks/:name`,
    schema: {
      summary: 'One playbook as the interpreter sees it',
      params: nameParams,
      response: { 200: z.object({ digest: z.string(), playbook: jsonObjectSchema }) },
    },
  },
  plan: {
    method: 'POST',
    url: `${API_PREFIX}/playbooks/:name/plan`,
    schema: {
      summary: 'Every effect, target, change, approval and undo, with zero writes',
      params: nameParams,
      body: z.strictObject({
        incidentId: idSchema.optional(),
        text: wordsSchema.optional(),
        parameters: jsonObjectSchema.default({}),
      }),
      response: { 200: jsonObjectSchema },
    },
  },
  explain: {
    method: 'POST',
    url: `${API_PREFIX}/explain`,
    schema: {
      summary:
        'How an alert would be routed and which targets it selects, each rule with its reason',
      body: jsonObjectSchema,
      response: { 200: jsonObjectSchema },
    },
  },
} as const;
