import { z } from 'zod';
import { API_PREFIX } from './value.ts';

/** The configuration of the running process. */
export const configurationEndpoints = {
  reload: {
    method: 'POST',
    url: `${API_PREFIX}/configuration/reload`,
    schema: {
      summary:
        'Read the configuration file again: put it in force whole, or say what needs a restart',
      response: {
        200: z.object({
          /** Parts that are in force now. */
          changed: z.array(z.string()).readonly(),
          /** Parts that changed and need a restart; when there are any, nothing was changed. */
          needsRestart: z.array(z.string()).readonly(),
          /** The change of the rules that people are asked about; null when nobody has to be. */
          proposed: z.string().nullable(),
        }),
      },
    },
  },
} as const;
