import { z } from 'zod';
import { BREAK_GLASS_MAX, DEFAULT_BREAK_GLASS, type BreakGlassSettings } from './break-glass.ts';

/** How long broken glass lasts, as the configuration file says it. */
export const breakGlassSchema = z.strictObject({
  minutes: z
    .int()
    .min(1)
    .max(BREAK_GLASS_MAX.minutes)
    .default(DEFAULT_BREAK_GLASS.minutes)
    .describe('So long counts the yes of who broke the glass alone, and what it allows may begin.'),
  reviewHours: z
    .int()
    .min(1)
    .max(BREAK_GLASS_MAX.reviewHours)
    .default(DEFAULT_BREAK_GLASS.reviewHours)
    .describe('Within so long somebody else writes down what they found.'),
}) satisfies z.ZodType<BreakGlassSettings>;
