import type { Logger } from 'pino';
import { Registry } from 'prom-client';
import type { ActivityDependencies, Attempt } from '../activities/dependencies.ts';
import type { ApiDependencies, RuleDesk } from '../api/dependencies.ts';
import type { DrillSide } from '../domain/drill.ts';
import { connectorModules } from '../connectors/registry.ts';
import { DEFAULT_BREAK_GLASS } from '../domain/break-glass.ts';
import { AppError } from '../domain/error.ts';
import { isJsonObject } from '../domain/json.ts';
import { answerAt } from '../domain/on-call.ts';
import type { SelfWatchState } from '../domain/self-watch.ts';
import { createCatalogue } from '../playbooks/catalogue.ts';
import type { RegimeCatalogue } from '../regimes/loader.ts';
import type { Store } from '../store/tables.ts';
import type { EngineClient } from './engine-client.ts';
import { entranceOf, type EntranceSettings } from './entrance.ts';
import { createExplain } from './explain.ts';
import { lineageOfBytes } from '../api/intake.ts';
import { createPasswords } from '../api/password.ts';
import type { Live } from './live.ts';
import { createOpenRequest } from './open-request.ts';
import { createAlertPlan, createPlanRequest } from './plan-request.ts';
import { knownCalendars } from './read-calendars.ts';
import type { LoadedInstances } from './connector-instances.ts';
import { knowsSubject } from './halt-subjects.ts';
import { createIncidentClocks } from './incident-clocks.ts';
import { planRest } from './rest-request.ts';
import { writePostmortem } from './postmortem.ts';
import type { Sync } from './sync/sync.ts';

/** What the API role is made of. */
export interface ApiRoleOptions {
  readonly api: Store;
  readonly engine: EngineClient;
  readonly live: Live;
  readonly desk: RuleDesk | null;
  readonly regimes: RegimeCatalogue;
  readonly reload: ApiDependencies['reload'];
  readonly instances: Pick<LoadedInstances, 'all'>;
  readonly activities: Omit<ActivityDependencies, 'reconcile' | 'sync'>;
  readonly sync: Sync;
  readonly signer: ((payload: object) => string) | null;
  readonly selfWatch: () => SelfWatchState;
  readonly settings: EntranceSettings & { readonly version: string; readonly log: Logger };
}

/** A person who asks for a look waits for the answer: bytes that take longer are left to the schedule. */
const BYTES_WITHIN_MS = 15_000;
const LOOK_WITHIN_MS = 25_000;

function asked(): Pick<Attempt, 'signal' | 'heartbeat'> {
  return { signal: AbortSignal.timeout(LOOK_WITHIN_MS), heartbeat: () => undefined };
}

function holdingOf(live: Live): ApiDependencies['holding'] {
  const catalogue = createCatalogue(connectorModules.map(({ manifest }) => manifest));
  return {
    destroys: (use) => catalogue.action(use)?.destroys,
    inventory: live.inventory,
    written: () => live.configuration().inventory,
  };
}

/** Who is on call at a moment, by the schedules of the configuration as it is then and the calendars as they were read. */
function onCallOf(live: Live, store: Pick<Store, 'calendars'>): ApiDependencies['onCall'] {
  return async (at) => {
    const { onCall = [] } = live.configuration();
    const calendars = await knownCalendars(store);
    return onCall.map((schedule) => answerAt(schedule, at.getTime(), calendars));
  };
}

/** Everything that the API is given, from what the process stands on. */
export function apiDependencies(options: ApiRoleOptions): ApiDependencies {
  const { api, desk, signer, live, settings, sync } = options;
  const { playbooks, router } = live;
  if (desk === null || signer === null) {
    throw new AppError('internal', 'Only the API changes rules and signs.');
  }
  const activities: ActivityDependencies = {
    ...options.activities,
    reconcile: () => Promise.resolve(),
    sync: () => Promise.resolve({ artifacts: 0, told: 0, problems: [] }),
  };
  const { now } = activities;
  const models = (side: DrillSide): readonly string[] =>
    live.inventory(side).map(({ model }) => model);
  const hasDrills = (): boolean => options.instances.all.some(({ drill }) => drill);
  const openRequest = createOpenRequest({ router, playbooks, models, hasDrills, now });
  return {
    store: api,
    intake: live.intake,
    lineageOf: lineageOfBytes,
    sync: () => sync.round({ ...asked(), bytesWithinMs: BYTES_WITHIN_MS }),
    openRequest,
    signer,
    clock: now,
    newId: () => activities.newId('req'),
    selfWatch: options.selfWatch,
    onCall: onCallOf(live, api),
    playbooks,
    rules: desk,
    plan: createPlanRequest({ activities, playbooks, openRequest }),
    explain: createExplain({
      live,
      store: api,
      now,
      plan: createAlertPlan({ activities, playbooks }),
    }),
    rest: (incident) => planRest(activities, incident),
    clocks: createIncidentClocks({ store: api, catalogue: options.regimes, now }),
    postmortem: async (incidentId) => {
      const { markdown, json } = await writePostmortem(api, incidentId);
      return { markdown, json: isJsonObject(json) ? json : {} };
    },
    reload: options.reload,
    evidenceBytes: (sha256) => activities.evidenceFiles.get(sha256),
    haltFile: activities.haltFile,
    knows: (subject) => {
      const inventory = [...live.inventory({ drill: false }), ...live.inventory({ drill: true })];
      const { instances } = options;
      return knowsSubject({ playbooks: playbooks(), inventory, instances }, subject);
    },
    holding: holdingOf(live),
    breakGlass: () => live.configuration().breakGlass ?? DEFAULT_BREAK_GLASS,
    temporalReady: () => options.engine.ready(),
    passwords: createPasswords(),
    entrance: entranceOf(settings),
    version: settings.version,
    log: settings.log,
    metrics: new Registry(),
  };
}
