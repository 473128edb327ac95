import { z } from 'zod';
import { API_PREFIX, idSchema, jsonObjectSchema, nameSchema, wordsSchema } from './value.ts';

const playbookLineSchema = z.object({
  name: z.string(),
  class: z.string(),
  title: z.string(),
  digest: z.string(),
});
/** The source that would send the body; without it any Alertmanager. */
const sourceQuery = z.strictObject({ source: nameSchema.optional() });
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
        'What would become of an alert: duplicate, incident, route and targets, each rule with its reason',
      querystring: sourceQuery,
      body: jsonObjectSchema,
      response: { 200: jsonObjectSchema },
    },
  },
  explainPlan: {
    method: 'POST',
    url: `${API_PREFIX}/explain/plan`,
    schema: {
      summary: 'As explain, with the plan of the first alert: reads every system, writes nothing',
      querystring: sourceQuery,
      body: jsonObjectSchema,
      response: { 200: jsonObjectSchema },
    },
  },
} as const;
