import { z } from 'zod';
import type { Json } from '../../domain/json.ts';
import { GROUNDS } from '../../domain/rules.ts';
import { API_PREFIX } from './value.ts';

const value = z.custom<Json>((given) => given !== undefined);

const status = z.enum(['open', 'in-force', 'rejected', 'void']);

const changeView = z.object({
  id: z.string(),
  /** The revision that it changes. */
  base: z.number(),
  /** People approve this: SHA-256 of the rules as they would be. */
  digest: z.string(),
  status,
  statusReason: z.string().nullable(),
  /** Who asked; null for the configuration file. */
  proposedBy: z.string().nullable(),
  proposedAt: z.string(),
  /** Before this time it does not come into force, however many approve. */
  notBefore: z.string(),
  approvedBy: z.array(z.string()).readonly(),
  differences: z
    .array(z.object({ path: z.array(z.string()).readonly(), before: value, after: value }))
    .readonly(),
  /** Differences that are too many to be shown. */
  differencesLeftOut: z.number(),
});
/** A change of the rules as people see it. */
export type ChangeView = z.infer<typeof changeView>;

const params = z.object({ id: z.string().min(1).max(100) });

/** The rules in force, and what people are asked about them. */
export const ruleEndpoints = {
  list: {
    method: 'GET',
    url: `${API_PREFIX}/configuration/changes`,
    schema: {
      summary: 'The revision of the rules in force, and the changes of it, newest first',
      querystring: z.object({ status: status.optional() }),
      response: {
        200: z.object({
          revision: z.object({
            number: z.number(),
            digest: z.string(),
            ground: z.enum(GROUNDS),
            /** True once a change needs two people. */
            armed: z.boolean(),
            by: z.string().nullable(),
            since: z.string(),
            changeDelaySeconds: z.number(),
          }),
          items: z.array(changeView).readonly(),
        }),
      },
    },
  },
  show: {
    method: 'GET',
    url: `${API_PREFIX}/configuration/changes/:id`,
    schema: { summary: 'One change of the rules', params, response: { 200: changeView } },
  },
  answer: {
    method: 'POST',
    url: `${API_PREFIX}/configuration/changes/:id/answer`,
    schema: {
      summary: 'Approve or reject exactly the rules that you saw',
      params,
      body: z.strictObject({
        digest: z.string().regex(/^[0-9a-f]{64}$/),
        verdict: z.enum(['approve', 'reject']),
        reason: z.string().min(1).max(1000).nullable().default(null),
      }),
      response: { 200: changeView },
    },
  },
} as const;
