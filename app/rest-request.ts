import type { ActivityDependencies } from '../activities/dependencies.ts';
import { pinnedOf } from '../activities/pinned-playbook.ts';
import { restOfPlan } from '../activities/rest-of-plan.ts';
import type { HandOperation } from '../domain/hand-plan.ts';
import type { Incident } from '../domain/incident.ts';

const REST_WITHIN_MS = 60_000;

/** Plans what is left of an incident's playbook for people's own hands, with zero writes. */
export async function planRest(
  activities: ActivityDependencies,
  incident: Incident,
): Promise<readonly HandOperation[]> {
  const attempt = {
    signal: AbortSignal.timeout(REST_WITHIN_MS),
    heartbeat: () => undefined,
    scheduledAt: activities.now(),
  };
  const pinned = await pinnedOf(activities, incident);
  return restOfPlan(activities, attempt, { incident, pinned });
}
