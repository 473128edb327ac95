import { z } from 'zod';
import { DEFAULT_STORM } from './configuration.ts';

/** When alerts come faster than people can look: `storm` of the configuration, with its defaults. */
export const stormSchema = z
  .strictObject({
    newIncidentsMax: z
      .int()
      .min(1)
      .max(10_000)
      .default(DEFAULT_STORM.newIncidentsMax)
      .describe('So many new incidents of one playbook class and severity open by themselves.'),
    windowSeconds: z
      .int()
      .min(10)
      .max(86_400)
      .default(DEFAULT_STORM.windowSeconds)
      .describe('Within so many seconds.'),
  })
  .default(DEFAULT_STORM);
