import { previewPlaybook } from '../activities/preview.ts';
import type { ActivityDependencies, Attempt } from '../activities/dependencies.ts';
import type { OpenRequest, PlanRequest } from '../api/dependencies.ts';
import type { Actor } from '../domain/decision.ts';
import type { DrillSide } from '../domain/drill.ts';
import { AppError } from '../domain/error.ts';
import type { Incident } from '../domain/incident.ts';
import type { JsonObject } from '../domain/json.ts';
import type { PinnedPlaybook } from '../domain/playbook.ts';
import type { Routing } from '../store/routing.ts';

const PLAN_WITHIN_MS = 60_000;
/** Words are planned on what is real; a drill is planned by its own id. */
const REAL: DrillSide = { drill: false };

function pinnedOf(playbooks: readonly PinnedPlaybook[], name: string): PinnedPlaybook {
  const found = playbooks.find(({ playbook }) => playbook.name === name);
  if (found) return found;
  throw new AppError('not_found', `There is no playbook ${name}.`, { field: 'playbook' });
}

/** One attempt at planning, which ends in time. */
function attemptOf(scheduledAt: Date): Attempt {
  return { signal: AbortSignal.timeout(PLAN_WITHIN_MS), heartbeat: () => undefined, scheduledAt };
}

/** Plans a playbook on an incident, or on what words name, with zero writes. Raises `not_found`, `invalid`. */
export function createPlanRequest(options: {
  readonly activities: ActivityDependencies;
  readonly playbooks: () => readonly PinnedPlaybook[];
  readonly openRequest: (text: string, actor: Actor, side: DrillSide) => OpenRequest;
}): (request: PlanRequest) => Promise<JsonObject> {
  return async (request) => {
    const pinned = pinnedOf(options.playbooks(), request.playbook);
    const known = await incidentOf(options, request);
    const incident = { ...known, parameters: { ...known.parameters, ...request.parameters } };
    const attempt = attemptOf(options.activities.now());
    return previewPlaybook(options.activities, attempt, { incident, pinned });
  };
}

async function incidentOf(
  options: Parameters<typeof createPlanRequest>[0],
  request: PlanRequest,
): Promise<Incident> {
  if (request.incidentId !== null) {
    const incident = await options.activities.store.incidents.get(request.incidentId);
    if (incident) return incident;
    throw new AppError('not_found', `There is no incident ${request.incidentId}.`, {
      field: 'incidentId',
    });
  }
  if (request.text === null) {
    throw new AppError('invalid', 'Name an incident, or say what is wrong.', { field: 'text' });
  }
  const { incident, incidentKey } = options.openRequest(request.text, request.actor, REAL);
  return imagined(incident, incidentKey, options.activities.now());
}

/** Plans the playbook that an alert leads to, as if its incident had just been opened; zero writes. Raises `not_found`. */
export function createAlertPlan(options: {
  readonly activities: ActivityDependencies;
  readonly playbooks: () => readonly PinnedPlaybook[];
}): (playbook: string, routing: Routing) => Promise<JsonObject> {
  return (name, routing) => {
    const pinned = pinnedOf(options.playbooks(), name);
    const { now } = options.activities;
    const incident = imagined(routing.incident, routing.incidentKey, now());
    return previewPlaybook(options.activities, attemptOf(now()), { incident, pinned });
  };
}

/** An incident that was never stored: what a plan is computed for before anything happened. */
function imagined(fresh: OpenRequest['incident'], key: string, now: Date): Incident {
  return {
    ...fresh,
    vetoUntil: null,
    id: 'plan',
    number: 0,
    key,
    state: 'pending',
    stateReason: null,
    owner: null,
    phase: 'triage',
    playbookDigest: null,
    alertCount: 0,
    generation: 1,
    step: null,
    paused: false,
    acknowledgedBy: null,
    verdict: null,
    openedAt: now.toISOString(),
    containedAt: null,
    restoredAt: null,
    stabilisedAt: null,
    closedAt: null,
  };
}
