import { z } from 'zod';
import { CLOSING_VERDICTS } from '../../domain/incident.ts';
import { OVERRIDE_KINDS, type RouteReport } from '../../domain/route-report.ts';
import { API_PREFIX } from './value.ts';

const DAYS_DEFAULT = 90;
const DAYS_MAX = 400;

const counts = z.record(z.string(), z.number());

/** What one route did, or would have done. */
const routeReportSchema = z.object({
  route: z.string().nullable(),
  incidents: z.number(),
  verdicts: z.partialRecord(z.enum(CLOSING_VERDICTS), z.number()),
  precision: z.number().min(0).max(1).nullable(),
  wouldHave: counts,
  applied: counts,
  confirmations: z.object({ confirmed: z.number(), unconfirmed: z.number() }),
  overrides: z.partialRecord(z.enum(OVERRIDE_KINDS), z.number()),
}) satisfies z.ZodType<RouteReport>;

/** What is known of routes. */
export const routeEndpoints = {
  report: {
    method: 'GET',
    url: `${API_PREFIX}/routes/report`,
    schema: {
      summary:
        'What each route did or would have done, its precision, and how often people overruled it',
      querystring: z.strictObject({
        /** Incidents opened within so many days. */
        days: z.coerce.number().int().min(1).max(DAYS_MAX).default(DAYS_DEFAULT),
      }),
      response: {
        200: z.object({ since: z.string(), items: z.array(routeReportSchema).readonly() }),
      },
    },
  },
} as const;
