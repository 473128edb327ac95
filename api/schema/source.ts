import { z } from 'zod';
import { newTokenShape, tokenIdSchema } from './person.ts';
import { API_PREFIX, nameSchema } from './value.ts';

const params = z.strictObject({ name: nameSchema });

/** Tokens of alert sources: identities that are no people, and post to their own source alone. */
export const sourceEndpoints = {
  tokens: {
    method: 'GET',
    url: `${API_PREFIX}/sources/:name/tokens`,
    schema: {
      summary: 'The tokens of a source that are still good, without what opens anything',
      params,
      response: {
        200: z.object({
          items: z
            .array(
              z.object({
                id: z.string(),
                label: z.string(),
                madeBy: z.string(),
                madeAt: z.string(),
                expiresAt: z.string(),
              }),
            )
            .readonly(),
        }),
      },
    },
  },
  token: {
    method: 'POST',
    url: `${API_PREFIX}/sources/:name/tokens`,
    schema: {
      summary:
        'Make a token with which a source posts its alerts, and nothing else; it is shown once',
      params,
      body: z.strictObject(newTokenShape),
      response: {
        201: z.object({ token: z.string(), source: z.string(), expiresAt: z.string() }),
      },
    },
  },
  revoke: {
    method: 'POST',
    url: `${API_PREFIX}/sources/:name/tokens/:token/revoke`,
    schema: {
      summary: 'End a token of a source at once',
      params: z.strictObject({ name: nameSchema, token: tokenIdSchema }),
      body: z.strictObject({}),
      response: { 200: z.object({ source: z.string(), revoked: z.literal(true) }) },
    },
  },
} as const;
