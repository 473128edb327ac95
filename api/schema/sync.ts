import { z } from 'zod';
import { API_PREFIX } from './value.ts';

/** What one round of the sync did. */
const syncOutcomeSchema = z.object({
  artifacts: z.int(),
  told: z.int(),
  problems: z.array(z.string()).readonly(),
});

/** The look at registries and clusters, beside its schedule. */
export const syncEndpoints = {
  round: {
    method: 'POST',
    url: `${API_PREFIX}/sync`,
    schema: {
      summary:
        'Look at registries and clusters now: record what is there, tell what is wrong in it',
      response: { 200: syncOutcomeSchema },
    },
  },
} as const;
