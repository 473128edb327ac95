import { z } from 'zod';

const checkSchema = z.object({ name: z.string(), ready: z.boolean() });
const readinessSchema = z.object({ ready: z.boolean(), checks: z.array(checkSchema).readonly() });

/** What watches over the process ask. */
export const statusEndpoints = {
  health: {
    method: 'GET',
    url: '/healthz',
    schema: {
      summary: 'The process lives',
      response: { 200: z.object({ status: z.literal('ok') }) },
    },
  },
  ready: {
    method: 'GET',
    url: '/readyz',
    schema: {
      summary: 'Everything needed answers; names what does not',
      response: { 200: readinessSchema, 503: readinessSchema },
    },
  },
  version: {
    method: 'GET',
    url: '/version',
    schema: {
      summary: 'The version of Firebreak',
      response: { 200: z.object({ name: z.literal('firebreak'), version: z.string() }) },
    },
  },
} as const;
