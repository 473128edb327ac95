import { z } from 'zod';
import { CLOSING_VERDICTS } from '../domain/incident.ts';
import { OVERRIDE_KINDS, type RouteCount } from '../domain/route-report.ts';
import type { Connection } from './connection.ts';

// One reading of the incidents of the time, drills left out; each part counts its own rows of them by their route.
const COUNTS = {
  name: 'route-report',
  text: `with told as materialized (
      select id, route, verdict from firebreak.incident where opened_at >= $1 and not drill
    )
    select 'incident' as of, route, verdict as name, count(*) as count from told group by route, verdict
    union all
    select case f.kind when 'operation.applied' then 'applied' else 'would-have' end, t.route,
      coalesce(convert_from(f.body, 'UTF8')::json -> 'data' ->> 'use', 'unknown'), count(*)
    from told t join firebreak.fact f on f.incident_id = t.id
      and f.kind in ('operation.would-have', 'operation.applied')
    group by 1, 2, 3
    union all
    select 'confirmation', t.route, substr(f.kind, length('alert.') + 1), count(*)
    from told t join firebreak.fact f on f.incident_id = t.id
      and f.kind in ('alert.confirmed', 'alert.unconfirmed')
    group by 2, 3
    union all
    select 'override', t.route, d.kind, count(*)
    from told t join firebreak.decision d on d.incident_id = t.id
      and d.outcome = 'accepted' and d.kind = any($2::text[])
    group by 2, 3
    order by 1, 2, 3`,
};

const route = z.string().nullable();
const count = z.number();
const countRow: z.ZodType<RouteCount> = z.discriminatedUnion('of', [
  z.object({ of: z.literal('incident'), route, name: z.enum(CLOSING_VERDICTS).nullable(), count }),
  z.object({ of: z.enum(['would-have', 'applied']), route, name: z.string(), count }),
  z.object({
    of: z.literal('confirmation'),
    route,
    name: z.enum(['confirmed', 'unconfirmed']),
    count,
  }),
  z.object({ of: z.literal('override'), route, name: z.enum(OVERRIDE_KINDS), count }),
]);

/** What the incidents opened since a time (RFC 3339) count up to, by route. */
export function routeCounts(connection: Connection, since: string): Promise<readonly RouteCount[]> {
  return connection.rows(COUNTS, [since, OVERRIDE_KINDS], countRow);
}
